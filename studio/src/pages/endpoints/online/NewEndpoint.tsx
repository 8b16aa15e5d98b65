import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { endpointAddress, send } from "@/api/endpoints";
import { path, useWorkspace } from "@/lib/workspace";
import { NewDocument } from "@/pages/endpoints/NewDocument";

/** Makes an online endpoint and goes to its page. */
export function NewEndpoint() {
  const { t } = useTranslation("endpoints");
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const client = useQueryClient();
  const make = async (document: Record<string, unknown>) => {
    const name = String(document.name ?? "");
    if (!name) throw new Error(t("noName"));
    await send("PUT", endpointAddress(workspace, name), document);
    await client.invalidateQueries({ queryKey: [workspace, "online-endpoints"] });
    await navigate(path(workspace, "online-endpoints", name));
  };
  return <NewDocument label={t("create")} document={{ name: "my-endpoint", auth_mode: "key" }} act={make} />;
}
