export {
  PLACEHOLDERS,
  checkedContract,
  contractMac,
  hmacSecret,
  type CheckedContract,
  type HmacContract,
  type Placeholder,
} from './hmac-contract.js';
export { hmacSigner, type HeaderSigner } from './hmac-signer.js';
export { signWebhook, webhookSigner, type WebhookSigner } from './sign-webhook.js';
export { signedContent, type WebhookToSign } from './signed-content.js';
export { webhookId } from './webhook-id.js';
export { verifyingKey, type WebhookKey } from './webhook-key.js';
export {
  SIGNATURE_VERSIONS,
  createWebhookSecret,
  webhookPublicKey,
  type SignatureVersion,
} from './webhook-secret.js';
