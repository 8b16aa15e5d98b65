import { expect, it } from "vitest";
import { withAddress } from "@/pages/submit/sending";

it("puts an address where the path stood, and leaves the document as it was", () => {
  const document = { jobs: { train: { code: "./src" } } };
  expect(withAddress(document, ["jobs", "train", "code"], "azureml://codes/d")).toEqual({
    jobs: { train: { code: "azureml://codes/d" } },
  });
  expect(document.jobs.train.code).toBe("./src");
});
