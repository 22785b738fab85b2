/** Value that a filter compares with. Types are never converted: `1` is not `'1'`. */
export type FilterScalar = string | number | boolean | null;

/** Operators on one value. `$gt` and its like compare numbers with numbers and texts with texts, in code units. */
export interface FilterOperators {
  readonly $eq?: FilterScalar;
  readonly $ne?: FilterScalar;
  readonly $gt?: number | string;
  readonly $gte?: number | string;
  readonly $lt?: number | string;
  readonly $lte?: number | string;
  readonly $in?: readonly FilterScalar[];
  readonly $nin?: readonly FilterScalar[];
  readonly $exists?: boolean;
  readonly $startsWith?: string;
  readonly $not?: FilterCondition;
}

/** A scalar means `$eq`; names without `$` are own properties, to any depth. All parts must hold. */
export type FilterCondition = FilterScalar | (FilterOperators & Readonly<Record<string, unknown>>);

/**
 * A condition on an event.
 *
 * @example
 * ```ts
 * { data: { total: { $gte: 100 }, country: { $in: ['at', 'de'] } }, $not: { type: 'order.test' } }
 * ```
 */
export interface Filter {
  readonly type?: FilterCondition;
  readonly headers?: FilterCondition;
  readonly data?: FilterCondition;
  readonly $and?: readonly Filter[];
  readonly $or?: readonly Filter[];
  readonly $not?: Filter;
}

/** Parts of an event that a filter sees. */
export interface FilterEvent {
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly data: unknown;
}

export type CompiledFilter = (event: FilterEvent) => boolean;
