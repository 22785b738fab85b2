// Parts of a message that describe one case only: who, how many, which. The rest tells one cause from another.
const QUOTED =
  /"[^"\n]{0,500}"|`[^`\n]{0,500}`|“[^”\n]{0,500}”|«[^»\n]{0,500}»|(?<!\w)'[^'\n]{0,500}'(?!\w)/g;
const ADDRESS = /[^\s@<>()]+@[^\s@<>()]+/g;
const HEX = /\b[0-9a-f]{8,}\b/gi;
// A word with a digit in it, with what belongs to it: 17, 12.5, order-17, 2f3a-…, T12:30:00Z, /orders/17.
const WORD_WITH_DIGIT = /[\w.:-]*\d[\w:-]*(?:\.\w+)*/g;
const SEVERAL = /#(?:[\s,;/|]*#)+/g;
const LONGEST = 200;

// A status follows a word that announces it, or precedes its name.
const BEFORE_STATUS =
  /(?:\b(?:status(?:code)?|http(?:\/\d(?:\.\d)?)?|code|errno|sqlstate|error|answered|answers|returned|returns|responded|response|replied|replies|received|got|gave|said|says|failed with|upstream|gateway|server|service|provider|api|endpoint|backend|host|remote)\b(?:\s+(?:with|of|a|an|by|the|is|was|status|code|http|error))*\s*[:=(]?\s*|^\s*|\()$/i;
const AFTER_STATUS =
  /^\)?[:,]?\s*(?:bad request|unauthorized|payment required|forbidden|not found|method not allowed|not acceptable|request timeout|conflict|gone|payload too large|unprocessable|too many requests|internal server error|not implemented|bad gateway|service unavailable|gateway time-?out|from\b)/i;
const STATUS = /^[1-5]\d\d$/;
const CODE = /^[A-Z]{0,5}-?\d{1,5}[A-Z]?$/;
const BEFORE_CODE = /\b(?:code|errno|sqlstate)\b(?:\s+is)?\s*[:=(]?\s*$/i;
const CODE_OF_A_SYSTEM = /^(?:E2BIG|ORA-\d{5}|P\d{4}|TS\d{4,5}|HY\d{3})$/;

/**
 * Masks the parts of a message that differ from case to case: numbers, ids, addresses and quoted text. HTTP statuses
 * and codes stay, because they tell one cause from another. Pure.
 */
export function maskedMessage(message: string): string {
  const unquoted = message.replace(QUOTED, '"…"').replace(ADDRESS, '#');
  const masked = unquoted
    .replace(WORD_WITH_DIGIT, (word: string, at: number, text: string) =>
      maskedWord(word, at, text),
    )
    .replace(HEX, '#')
    .replace(SEVERAL, '#')
    .replace(/\s+/g, ' ')
    .trim();
  return masked.length <= LONGEST ? masked : `${masked.slice(0, LONGEST - 1)}…`;
}

function maskedWord(word: string, at: number, text: string): string {
  // Punctuation at either end belongs to the sentence.
  const [, lead = '', core = '', tail = ''] = /^([.:-]*)(.*?)([.:-]*)$/.exec(word) ?? [];
  const before = text.slice(Math.max(0, at - 60), at) + lead;
  const after = text.slice(at + word.length, at + word.length + 40);
  return isTelling(core, before, tail + after) ? word : `${lead}#${tail}`;
}

function isTelling(word: string, before: string, after: string): boolean {
  if (CODE_OF_A_SYSTEM.test(word)) return true;
  if (STATUS.test(word) && (BEFORE_STATUS.test(before) || AFTER_STATUS.test(after))) return true;
  return CODE.test(word) && BEFORE_CODE.test(before);
}
