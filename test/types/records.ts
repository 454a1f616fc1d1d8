// Compiled by `npm run typecheck`, never run: what a record holds fits the types of what calls take and return.
import type { ArtifactVersion, Ledger, RecordedVersion, RunRecord } from "runledger";

declare const ledger: Ledger;
declare const record: RunRecord;

const made: readonly ArtifactVersion[] = record.artifacts;
const used: readonly ArtifactVersion[] = record.inputs;
for (const version of [...made, ...used]) void ledger.openArtifact(version);
void ledger.artifactVersions("model").then((versions): readonly RecordedVersion[] => versions);
