/** Whether two things are the same. `"unknown"`: the records do not hold enough to know it. */
export type Sameness = boolean | "unknown";
