import { Alert, Button, Group, NumberInput, Paper, Slider, Stack, Text, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { documentOf, type OnlineEndpoint, usePutEndpoint } from "@/api/endpoints";
import { ErrorBox } from "@/components/ErrorBox";
import { useWorkspace } from "@/lib/workspace";
import { MirrorEditor } from "@/pages/endpoints/deployments/MirrorEditor";
import { rebalance, type Shares, sharesOf, sum } from "@/pages/endpoints/deployments/shares";
import { deploymentColour } from "@/pages/endpoints/online/TrafficBar";

/** Who answers which share of the requests: sliders and numbers that always sum to 100. */
export function TrafficEditor({ endpoint, names }: { endpoint: OnlineEndpoint; names: string[] }) {
  const { t } = useTranslation("endpoints");
  const put = usePutEndpoint(useWorkspace(), endpoint.name);
  const present = sharesOf(names, endpoint.traffic);
  const [changed, setChanged] = useState<Shares | null>(null);
  const shares = changed ? sharesOf(names, changed) : present;
  const isChanged = names.some((name) => shares[name] !== present[name]);
  const apply = () => {
    put.mutate({ ...documentOf(endpoint), traffic: shares }, { onSuccess: () => setChanged(null) });
  };
  return (
    <Paper withBorder p="md" component="section" aria-label={t("shares.title")}>
      <Stack gap="sm">
        <Title order={2}>{t("shares.title")}</Title>
        <Text size="sm" c="dimmed">
          {t("shares.help")}
        </Text>
        {names.map((name) => (
          <Share
            key={name}
            name={name}
            value={shares[name] ?? 0}
            colour={deploymentColour(names, name)}
            onChange={(value) => setChanged(rebalance(shares, name, value))}
          />
        ))}
        <Group gap="xs">
          <Text size="sm" aria-live="polite" mr="auto">
            {t("shares.sum", { sum: sum(shares) })}
          </Text>
          <Button size="xs" variant="default" onClick={() => setChanged(sharesOf(names, {}))}>
            {t("shares.none")}
          </Button>
          <Button size="xs" variant="default" disabled={!isChanged} onClick={() => setChanged(null)}>
            {t("shares.reset")}
          </Button>
          <Button size="xs" disabled={!isChanged} loading={put.isPending} onClick={apply}>
            {t("shares.apply")}
          </Button>
        </Group>
        {put.error && <ErrorBox error={put.error} />}
        {put.isSuccess && !isChanged && (
          <Alert color="teal" role="status" py={6}>
            {t("shares.applied")}
          </Alert>
        )}
        <MirrorEditor endpoint={endpoint} names={names} />
      </Stack>
    </Paper>
  );
}

interface ShareProps {
  name: string;
  value: number;
  colour: string;
  onChange: (value: number) => void;
}

function Share({ name, value, colour, onChange }: ShareProps) {
  const { t } = useTranslation("endpoints");
  return (
    <div>
      <Text size="sm" fw={500} truncate title={name}>
        {name}
      </Text>
      <Group wrap="nowrap" gap="md">
        <Slider
          value={value}
          onChange={onChange}
          color={colour}
          label={null}
          thumbLabel={t("shares.slider", { name })}
          style={{ flex: 1 }}
        />
        <NumberInput
          value={value}
          onChange={(typed) => typeof typed === "number" && onChange(typed)}
          min={0}
          max={100}
          allowDecimal={false}
          suffix=" %"
          size="xs"
          w={84}
          aria-label={t("shares.typed", { name })}
        />
      </Group>
    </div>
  );
}
