import { enumeration } from "./enumerate.ts";
import { PLACES } from "./places.ts";

enumeration("s3", PLACES.s3);
