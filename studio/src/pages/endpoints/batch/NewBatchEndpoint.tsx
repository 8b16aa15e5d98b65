import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { usePutBatch } from "@/api/batch";
import { path, useWorkspace } from "@/lib/workspace";
import { NewDocument } from "@/pages/endpoints/NewDocument";

/** Makes a batch endpoint and goes to its page. */
export function NewBatchEndpoint() {
  const { t } = useTranslation(["batch", "endpoints"]);
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const put = usePutBatch(workspace);
  const make = async (document: Record<string, unknown>) => {
    const name = String(document.name ?? "");
    if (!name) throw new Error(t("endpoints:noName"));
    await put.mutateAsync({ words: [name], document });
    await navigate(path(workspace, "batch-endpoints", name));
  };
  return <NewDocument label={t("create")} document={{ name: "my-batch-endpoint" }} act={make} />;
}
