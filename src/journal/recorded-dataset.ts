/** A column of a data set. */
export interface DatasetColumn {
  /** The name of the column. */
  readonly name: string;
  /** The type of its values: `number`, `bigint`, `string`, `boolean`, `date`, `bytes`, `json`, `mixed`, `null`, … */
  readonly type: string;
}

/** What the values of a column are like. */
export interface ColumnProfile {
  /** The number of rows without a value. */
  readonly nulls: number;
  /**
   * The least number, NaN left out. The earliest date, in ms since the epoch, if the column has dates and no numbers.
   * Absent if it has neither.
   */
  readonly min?: number | undefined;
  /** The greatest number, NaN left out, or the latest date. */
  readonly max?: number | undefined;
  /** The mean of the numbers, NaN left out. */
  readonly mean?: number | undefined;
  /** The number of different values. Absent if there are too many to count. */
  readonly distinct?: number | undefined;
}

/** What a record says of a data set besides what identifies it. */
export interface DatasetFacts {
  /** Where the data is. */
  readonly uri?: string | undefined;
  /** The size in bytes. */
  readonly size?: number | undefined;
  /** The number of rows of a table. */
  readonly rows?: number | undefined;
  /** The number of columns of a table, if that is more than `schema` and `profile` name. */
  readonly columns?: number | undefined;
  /** The columns of a table, at most 1,000. */
  readonly schema?: readonly DatasetColumn[] | undefined;
  /** What the values of the columns are like, by column, at most 1,000. */
  readonly profile?: { readonly [column: string]: ColumnProfile } | undefined;
  /** The artifact version that holds the content: `name:v3`. */
  readonly artifact?: string | undefined;
}

/** A data set as the record of a run has it. */
export interface RecordedDataset extends DatasetFacts {
  /** The name it was logged under. */
  readonly name: string;
  /** The digest of its content, by any algorithm: `sha256:…`, `table-sha256:…`, `md5:…`, … */
  readonly digest: string;
  /** What the run used it for: `train`, `eval`, … */
  readonly context?: string | undefined;
  /** When the run first logged it, in ms since the epoch. */
  readonly time: number;
}

/** The most columns that a record describes. */
export const MAX_DATASET_COLUMNS = 1000;
