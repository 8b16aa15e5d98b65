import { Button, Group, NumberInput, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Deployment, documentOf, type OnlineEndpoint, usePutDeployment } from "@/api/endpoints";
import { ErrorBox } from "@/components/ErrorBox";
import { useWorkspace } from "@/lib/workspace";

/** How many replicas a deployment has; by load where its document says so. */
export function Scale({ endpoint, deployment }: { endpoint: OnlineEndpoint; deployment: Deployment }) {
  const { t } = useTranslation("endpoints");
  const put = usePutDeployment(useWorkspace(), endpoint.name);
  const present = deployment.instance_count ?? 1;
  const [wanted, setWanted] = useState<number | null>(null);
  const scale = deployment.scale_settings;
  if (scale?.type === "target_utilization") {
    const range = { min: scale.min_instances ?? 1, max: scale.max_instances ?? 1 };
    return (
      <Text size="sm">
        {t("scale.title")}: {t("scale.auto", range)}
      </Text>
    );
  }
  const count = wanted ?? present;
  const save = () => {
    const document = { ...documentOf(deployment), instance_count: count };
    put.mutate({ name: deployment.name, document }, { onSuccess: () => setWanted(null) });
  };
  return (
    <div>
      <Group gap="xs" align="end">
        <NumberInput
          size="xs"
          w={120}
          label={t("scale.title")}
          aria-label={t("scale.label", { name: deployment.name })}
          value={count}
          min={1}
          max={64}
          allowDecimal={false}
          onChange={(value) => typeof value === "number" && setWanted(value)}
        />
        <Button size="xs" variant="default" disabled={count === present} loading={put.isPending} onClick={save}>
          {t("scale.save")}
        </Button>
      </Group>
      {put.error && <ErrorBox error={put.error} />}
    </div>
  );
}
