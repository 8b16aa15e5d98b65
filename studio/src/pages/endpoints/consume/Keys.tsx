import { Box, Button, Group, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { type Credentials, type OnlineEndpoint, regenerateKey, useCredentials } from "@/api/endpoints";
import { ConfirmButton } from "@/components/ConfirmButton";
import { CopyButton } from "@/components/CopyButton";
import { ErrorBox } from "@/components/ErrorBox";
import { DateTime } from "@/components/times";
import { useWorkspace } from "@/lib/workspace";

/** What opens an endpoint: asked for when the person wants to see it, and forgotten when it is hidden again. */
export function Keys({ endpoint }: { endpoint: OnlineEndpoint }) {
  const { t } = useTranslation("endpoints");
  const credentials = useCredentials(useWorkspace(), endpoint);
  const isKey = endpoint.auth_mode === "key";
  return (
    <Stack gap="sm" component="section" aria-label={isKey ? t("consume.keys") : t("consume.token")}>
      <Title order={2}>{isKey ? t("consume.keys") : t("consume.token")}</Title>
      <Group gap="xs">
        {credentials.data ? (
          <Button size="xs" variant="default" onClick={() => credentials.reset()}>
            {t("consume.hide")}
          </Button>
        ) : (
          <Button size="xs" variant="default" loading={credentials.isPending} onClick={() => credentials.mutate()}>
            {isKey ? t("consume.reveal") : t("consume.revealToken")}
          </Button>
        )}
        {isKey && <Regenerate endpoint={endpoint} isShown={Boolean(credentials.data)} show={credentials.mutate} />}
      </Group>
      {credentials.error && <ErrorBox error={credentials.error} />}
      {credentials.data && <Shown credentials={credentials.data} />}
    </Stack>
  );
}

function Shown({ credentials }: { credentials: Credentials }) {
  const { t } = useTranslation("endpoints");
  if ("accessToken" in credentials) {
    return (
      <>
        <Secret label={t("consume.tokenValue")} value={credentials.accessToken} />
        <Text size="sm">
          {t("consume.expires")}: <DateTime at={credentials.expiryTimeUtc * 1000} />
        </Text>
      </>
    );
  }
  return (
    <>
      <Secret label={t("consume.primary")} value={credentials.primaryKey} />
      <Secret label={t("consume.secondary")} value={credentials.secondaryKey} />
    </>
  );
}

function Secret({ label, value }: { label: string; value: string }) {
  return (
    <Group gap={4} align="end" wrap="nowrap" maw={640}>
      <PasswordInput
        label={label}
        value={value}
        readOnly
        defaultVisible
        style={{ flex: 1 }}
        styles={{ innerInput: { fontFamily: "var(--mantine-font-family-monospace)" } }}
        autoComplete="off"
      />
      <Box pb={4}>
        <CopyButton value={value} what={label} />
      </Box>
    </Group>
  );
}

function Regenerate({ endpoint, isShown, show }: { endpoint: OnlineEndpoint; isShown: boolean; show: () => void }) {
  const { t } = useTranslation("endpoints");
  const workspace = useWorkspace();
  const make = (which: "primary" | "secondary") => async () => {
    await regenerateKey(workspace, endpoint.name, which);
    if (isShown) show();
  };
  const question = t("consume.regenerateQuestion");
  return (
    <>
      <ConfirmButton label={t("consume.regeneratePrimary")} question={question} act={make("primary")} />
      <ConfirmButton label={t("consume.regenerateSecondary")} question={question} act={make("secondary")} />
    </>
  );
}
