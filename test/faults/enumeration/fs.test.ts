import { enumeration } from "./enumerate.ts";
import { PLACES } from "./places.ts";

enumeration("fs", PLACES.fs);
