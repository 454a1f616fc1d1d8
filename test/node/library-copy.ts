// A second copy of the library, when this is bundled by itself.
export { openLedger } from "runledger";
export { guardProcess } from "runledger/node";
