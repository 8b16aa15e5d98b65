import { expect, it } from "vitest";
import type { MeasuredVersion, SignatureColumn } from "@/api/models";
import { chosenVersions } from "@/pages/models/compare/choice";
import { compare } from "@/pages/models/compare/differences";

const column = (name: string | null, type: string, required = true): SignatureColumn => ({
  name,
  type,
  shape: null,
  required,
  default: null,
});

function version(name: string, metrics: Record<string, number | string>, inputs: SignatureColumn[]): MeasuredVersion {
  const run = {
    run_id: name,
    name,
    status: "Completed",
    start_time: null,
    end_time: null,
    metrics,
    params: { a: "1" },
  };
  const around = { type: "mlflow_model", description: "", created_at: null, created_by: "ann", job_name: name };
  const signature = { inputs, outputs: [], params: [] };
  return { version: name, ...around, stage: null, aliases: [], archived: false, run, signature };
}

it("has a line for every key that any version has, and marks the differences", () => {
  const one = version("1", { loss: 0.5, extra: 1 }, [column("age", "double")]);
  const two = version("2", { loss: "NaN" }, [column("age", "long", false)]);
  const [metrics, params, inputs] = compare([one, two]);
  expect(metrics?.lines.map(({ key, numbers }) => [key, numbers])).toEqual([
    ["extra", [1, null]],
    ["loss", [0.5, Number.NaN]],
  ]);
  expect(params?.lines).toEqual([{ key: "a", values: ["1", "1"], isDifferent: false }]);
  expect(inputs?.lines).toEqual([{ key: "age", values: ["double", "long?"], isDifferent: true }]);
});

it("compares the versions of the address, else the newest three", () => {
  expect(chosenVersions("", ["4", "3", "2", "1"])).toEqual(["4", "3", "2"]);
  expect(chosenVersions("1,4", ["4", "3", "2", "1"])).toEqual(["1", "4"]);
});
