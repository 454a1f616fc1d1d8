/** How often the training gives way to other work of the program: as `yieldEvery` of `model.fit`. */
export type YieldEvery = "auto" | "batch" | "epoch" | "never" | number;
