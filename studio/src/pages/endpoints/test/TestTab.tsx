import { SimpleGrid, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { type OnlineEndpoint, useDeployments, useRequestForm, useTry } from "@/api/endpoints";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { useAddressState } from "@/lib/address-state";
import { useWorkspace } from "@/lib/workspace";
import { DeploymentSelect } from "@/pages/endpoints/DeploymentSelect";
import { AnswerView } from "@/pages/endpoints/test/AnswerView";
import { exampleOf } from "@/pages/endpoints/test/form";
import { RequestEditor } from "@/pages/endpoints/test/RequestEditor";

/** Tries an endpoint: a request as a form or as JSON, and its answer. */
export function TestTab({ endpoint }: { endpoint: OnlineEndpoint }) {
  const { t } = useTranslation("endpoints");
  const workspace = useWorkspace();
  const [deployment, setDeployment] = useAddressState("deployment", "");
  const deployments = useDeployments(workspace, endpoint.name);
  const names = (deployments.data ?? []).map(({ name }) => name);
  const isReady = (deployments.data ?? []).some((one) => one.properties["lapis.state"] === "ready");
  const chosen = names.includes(deployment) ? deployment : "";
  const form = useRequestForm(workspace, endpoint.name, chosen, isReady);
  const trying = useTry(workspace, endpoint.name);
  return (
    <Stack gap="md">
      <DeploymentSelect
        label={t("test.deployment")}
        none={t("test.byTraffic")}
        names={names}
        value={chosen}
        onChange={setDeployment}
      />
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        {form.data ? (
          <RequestEditor
            key={`${chosen}/${form.dataUpdatedAt === 0}`}
            description={form.data.description}
            example={exampleOf(form.data.description, form.data.example)}
            isSending={trying.isPending}
            onSend={(body) => trying.mutate({ body, deployment: chosen })}
          />
        ) : (
          <NoForm error={form.error} isWaiting={isReady && form.isPending} />
        )}
        <AnswerView answer={trying.data ?? null} error={trying.error} isWaiting={trying.isPending} />
      </SimpleGrid>
    </Stack>
  );
}

function NoForm({ error, isWaiting }: { error: unknown; isWaiting: boolean }) {
  const { t } = useTranslation("endpoints");
  if (error) return <ErrorBox error={error} />;
  if (isWaiting) return <Loading />;
  return (
    <Text size="sm" c="dimmed">
      {t("test.waiting")}
    </Text>
  );
}
