// In a file of its own so that tests can have tables written in other ways.
export { encodeTable, type TableColumn } from "../parquet/table-write.ts";
