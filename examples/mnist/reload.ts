import * as tf from "@tensorflow/tfjs";
import type { Ledger } from "runledger";
import { loadHandler } from "runledger/tfjs";
import type { Digits } from "./digits.ts";
import { accuracyOf, compile } from "./model.ts";

/** Loads the model that a run stored, checks its digests, and measures it on these digits. */
export async function reload(ledger: Ledger, runId: string, digits: Digits): Promise<number> {
  const { params, artifacts } = await ledger.getRun(runId);
  const version = artifacts.find(({ name }) => name === "mnist-model");
  if (version === undefined) throw new Error(`run ${runId} has no model`);
  const { intact, problems } = await (await ledger.openArtifact(version)).verify();
  if (!intact) throw new Error(`the stored model is damaged: ${JSON.stringify(problems)}`);
  const model = await tf.loadLayersModel(loadHandler(ledger, version));
  const { optimizer, batchSize } = params as { optimizer: { learningRate: number }; batchSize: number };
  return await accuracyOf(compile(model, optimizer.learningRate), digits, batchSize);
}
