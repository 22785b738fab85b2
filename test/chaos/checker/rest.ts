import type { Facts } from './facts.js';
import type { Findings } from './findings.js';

/** Invariants 8 and 12: nothing is left over at the end, neither in Redis nor of processes. */
export function checkRest(facts: Facts, findings: Findings): void {
  const { evidence } = facts;
  for (const [name, count] of Object.entries({ ...evidence.stuck, ...evidence.final.leftovers })) {
    findings.violate('leftOver', `${name}: ${count}`);
  }
  for (const name of evidence.surplus) findings.violate('connectionLeaked', name);
  checkConsumers(facts, findings);
  checkProcesses(facts, findings);
}

function checkConsumers(facts: Facts, findings: Findings): void {
  for (const { stream, name, pid, pending } of facts.consumers) {
    const told = `${name} on ${stream}, ${pending} pending`;
    if (pending > 0) findings.violate('consumerOwnsDeliveries', told);
    else if (pid === undefined) findings.violate('unknownConsumer', told);
    // A sweep removes a consumer after ten idle minutes.
    else if (facts.interruptions.diedAt(pid) !== undefined)
      findings.except('deadConsumerAwaitsRemoval');
    else if (hadNoRedisAtItsEnd(facts, pid)) findings.except('consumerCutOffWhileLeaving');
    else findings.violate('consumerLeaked', told);
  }
}

function hadNoRedisAtItsEnd({ interruptions, processes }: Facts, pid: number): boolean {
  const from = interruptions.termAt(pid);
  const to = processes.find((each) => each.pid === pid)?.endedAt;
  if (from === undefined || to === undefined) return false;
  // A failover may have undone its leaving.
  return interruptions.brokerOutageMs({ from, to }) > 0 || interruptions.isRolledBack({ from, to });
}

function checkProcesses(facts: Facts, findings: Findings): void {
  const dying = new Set<number>();
  for (const lines of facts.evidence.histories.values()) {
    let pid = 0;
    for (const line of lines) {
      if (line.e === 'start') ({ pid } = line);
      else if (line.e === 'dies') dying.add(pid);
      else if (line.e === 'kept') {
        findings.violate('keptAlive', `pid ${pid} by ${line.by.join(', ')}`);
      }
    }
  }
  for (const { slot, pid, endedBy, signal, code, overstayed } of facts.processes) {
    findings.count('processes');
    const told = `${slot}, pid ${pid}, code ${code}, signal ${signal}`;
    if (overstayed === true) findings.violate('processDidNotEnd', told);
    else if (endedBy !== undefined) {
      if (endedBy === 'term' && signal === null && code !== 0)
        findings.violate('processFailed', told);
    } else if (signal === 'SIGKILL' && dying.has(pid)) findings.count('killedThemselves');
    else findings.violate('processFailed', told);
  }
}
