import { serveOpfs } from "runledger/backends/opfs";

serveOpfs();
