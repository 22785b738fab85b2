/** One kind of violation: its count, and the first few examples. */
export interface Violation {
  count: number;
  readonly examples: string[];
}

const EXAMPLES = 5;

/** Result of a check by name: violations, allowed exceptions, and plain counts. */
export class Findings {
  readonly violations = new Map<string, Violation>();
  /** Cases that an invariant allows because the history shows their reason. */
  readonly exceptions = new Map<string, number>();
  readonly counts = new Map<string, number>();

  violate(name: string, example: string): void {
    const violation = this.violations.get(name) ?? { count: 0, examples: [] };
    violation.count += 1;
    if (violation.examples.length < EXAMPLES) violation.examples.push(example);
    this.violations.set(name, violation);
  }

  except(name: string): void {
    this.exceptions.set(name, (this.exceptions.get(name) ?? 0) + 1);
  }

  count(name: string, by = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by);
  }
}
