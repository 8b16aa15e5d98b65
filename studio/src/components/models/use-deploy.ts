import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { endpointAddress, send } from "@/api/endpoints";
import { sendAllTraffic } from "@/lib/all-traffic";
import { notify, notifyOfError } from "@/lib/notify";
import { path, useWorkspace } from "@/lib/workspace";

/** What the person chose. */
export interface Deploying {
  model: string;
  version: string;
  endpoint: string;
  isNewEndpoint: boolean;
  deployment: string;
  instances: number;
  allTraffic: boolean;
}

/** Makes the endpoint where it is new, then the deployment, and opens the endpoint's page, which shows it coming up. */
export function useDeploy() {
  const { t } = useTranslation("models");
  const workspace = useWorkspace();
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: async (given: Deploying) => {
      const { endpoint, deployment } = given;
      if (given.isNewEndpoint) await send("PUT", endpointAddress(workspace, endpoint), { name: endpoint });
      await send("PUT", endpointAddress(workspace, endpoint, "deployments", deployment), {
        name: deployment,
        endpoint_name: endpoint,
        model: `azureml:${given.model}:${given.version}`,
        instance_count: given.instances,
      });
      await client.invalidateQueries({ queryKey: [workspace, "online-endpoints"] });
    },
    onSuccess: (_, { endpoint, deployment, allTraffic }) => {
      void navigate(path(workspace, "online-endpoints", endpoint));
      if (!allTraffic) return;
      sendAllTraffic(client, workspace, endpoint, deployment).then(
        (isDone) => isDone && notify(t("deploy.hasTraffic", { endpoint, deployment })),
        notifyOfError,
      );
    },
  });
}
