import { enumeration } from "./enumerate.ts";
import { PLACES } from "./places.ts";

enumeration("memory", PLACES.memory);
enumeration("objects", PLACES.objects);
