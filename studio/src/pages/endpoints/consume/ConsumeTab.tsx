import { Alert, Group, SegmentedControl, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { type OnlineEndpoint, useDeployments, useRequestForm } from "@/api/endpoints";
import { Command } from "@/components/Command";
import { CopyButton } from "@/components/CopyButton";
import { KeyValues } from "@/components/KeyValues";
import { useAddressState } from "@/lib/address-state";
import { useWorkspace } from "@/lib/workspace";
import { Description } from "@/pages/endpoints/consume/Description";
import { Keys } from "@/pages/endpoints/consume/Keys";
import { LANGUAGES, type Language, snippet } from "@/pages/endpoints/consume/snippets";
import { exampleOf } from "@/pages/endpoints/test/form";

/** How programs use an endpoint: its address, keys, and programs that are ready to run. */
export function ConsumeTab({ endpoint }: { endpoint: OnlineEndpoint }) {
  const { t } = useTranslation("endpoints");
  if (!endpoint.scoring_uri) return <Alert color="gray">{t("consume.noAddress")}</Alert>;
  return (
    <Stack gap="lg">
      <KeyValues
        label={t("consume.tab")}
        pairs={[
          { label: t("scoringUri"), value: <Address uri={endpoint.scoring_uri} /> },
          {
            label: t("authMode"),
            value: t(`authModes.${endpoint.auth_mode as "key"}`, { defaultValue: endpoint.auth_mode }),
          },
        ]}
      />
      {endpoint.auth_mode !== "none" && <Keys endpoint={endpoint} />}
      <Programs endpoint={endpoint} uri={endpoint.scoring_uri} />
    </Stack>
  );
}

function Address({ uri }: { uri: string }) {
  const { t } = useTranslation("endpoints");
  return (
    <Group gap={4} wrap="nowrap">
      <span>{uri}</span>
      <CopyButton value={uri} what={t("scoringUri")} />
    </Group>
  );
}

function Programs({ endpoint, uri }: { endpoint: OnlineEndpoint; uri: string }) {
  const { t } = useTranslation("endpoints");
  const workspace = useWorkspace();
  const [language, setLanguage] = useAddressState("language", "curl");
  const deployments = useDeployments(workspace, endpoint.name);
  const isReady = (deployments.data ?? []).some((one) => one.properties["lapis.state"] === "ready");
  const form = useRequestForm(workspace, endpoint.name, "", isReady);
  const request = exampleOf(form.data?.description ?? {}, form.data?.example);
  const chosen = LANGUAGES.find(({ id }) => id === language) ?? LANGUAGES[0];
  return (
    <Stack gap="sm" component="section" aria-label={t("consume.snippets")}>
      <Title order={2}>{t("consume.snippets")}</Title>
      <SegmentedControl
        aria-label={t("consume.language")}
        value={chosen?.id ?? "curl"}
        onChange={setLanguage}
        data={LANGUAGES.map(({ id, name }) => ({ value: id, label: name }))}
        style={{ alignSelf: "start" }}
      />
      <Command text={snippet((chosen?.id ?? "curl") as Language, uri, request)} />
      {endpoint.auth_mode !== "none" && (
        <Text size="sm" c="dimmed">
          {t("consume.keyHint")}
        </Text>
      )}
      {form.data && <Description document={form.data.description} />}
    </Stack>
  );
}
