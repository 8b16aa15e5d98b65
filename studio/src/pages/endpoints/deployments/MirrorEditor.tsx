import { Button, Group, NumberInput, Select, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { documentOf, type OnlineEndpoint, usePutEndpoint } from "@/api/endpoints";
import { ErrorBox } from "@/components/ErrorBox";
import { useWorkspace } from "@/lib/workspace";

const MOST = 50;

/** Which deployment gets copies of requests, and of how many. */
export function MirrorEditor({ endpoint, names }: { endpoint: OnlineEndpoint; names: string[] }) {
  const { t } = useTranslation("endpoints");
  const put = usePutEndpoint(useWorkspace(), endpoint.name);
  const present = Object.entries(endpoint.mirror_traffic).find(([, share]) => share > 0);
  const [to, setTo] = useState(present?.[0] ?? "");
  const [share, setShare] = useState(present?.[1] ?? 10);
  const wanted = to ? { [to]: share } : {};
  const isChanged = JSON.stringify(wanted) !== JSON.stringify(present ? { [present[0]]: present[1] } : {});
  const apply = () => {
    const mirror = Object.fromEntries(names.map((name) => [name, wanted[name] ?? 0]));
    put.mutate({ ...documentOf(endpoint), mirror_traffic: mirror });
  };
  return (
    <Stack gap={6}>
      <Text size="sm" fw={500}>
        {t("shares.mirror")}
      </Text>
      <Text size="sm" c="dimmed">
        {t("shares.mirrorHelp")}
      </Text>
      <Group gap="xs" align="end">
        <Select
          size="xs"
          label={t("shares.mirrorTo")}
          data={[{ value: "", label: t("shares.nobody") }, ...names.map((name) => ({ value: name, label: name }))]}
          value={to}
          onChange={(value) => setTo(value ?? "")}
          allowDeselect={false}
        />
        <NumberInput
          size="xs"
          w={180}
          label={t("shares.mirrorShare")}
          value={share}
          onChange={(value) => typeof value === "number" && setShare(value)}
          min={1}
          max={MOST}
          allowDecimal={false}
          suffix=" %"
          disabled={!to}
        />
        <Button size="xs" variant="default" disabled={!isChanged} loading={put.isPending} onClick={apply}>
          {t("apply")}
        </Button>
      </Group>
      {put.error && <ErrorBox error={put.error} />}
    </Stack>
  );
}
