import { type Ledger, openLedger } from "runledger";
import type { Backend } from "runledger/backend";
import { httpBackend } from "runledger/backends/http";
import { opfsBackend } from "runledger/backends/opfs";
import { folderBackend } from "./folder-backend.ts";

/** An open ledger, and what to call it. */
export interface Place {
  readonly ledger: Ledger;
  readonly backend: Backend;
  readonly name: string;
  /** Whether runs can be trained into it. */
  readonly canWrite: boolean;
}

/** Opens the ledger in the storage of this browser: runs are there after a reload. */
export async function openBrowser(): Promise<Place> {
  const backend = await opfsBackend({ directory: "browser-training" });
  return { ledger: await openLedger(backend), backend, name: `this browser (${backend.storage})`, canWrite: true };
}

/** Opens a ledger on a server of static files. */
export async function openAddress(address: string): Promise<Place> {
  const backend = httpBackend(address);
  return { ledger: await openLedger(backend), backend, name: address, canWrite: false };
}

/** Opens a ledger in a folder that the user chose. */
export async function openFolder(files: Iterable<File>): Promise<Place> {
  const backend = folderBackend(files);
  return { ledger: await openLedger(backend), backend, name: "a chosen folder", canWrite: false };
}
