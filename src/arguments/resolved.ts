/** Options whose defaults are filled in: none is missing, and none is `undefined`. */
export type Resolved<Options> = { [Name in keyof Options]-?: Exclude<Options[Name], undefined> };
