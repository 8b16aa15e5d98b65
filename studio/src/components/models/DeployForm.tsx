import { Button, Checkbox, Group, NumberInput, Select, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useDeployments, useEndpointSummaries } from "@/api/endpoints";
import { ErrorBox } from "@/components/ErrorBox";
import { useDeploy } from "@/components/models/use-deploy";
import { useWorkspace } from "@/lib/workspace";

interface Props {
  model: string;
  version: string;
  /** The endpoint that gets the deployment; left out: the person chooses or makes one. */
  endpoint?: string;
  onClose: () => void;
}

const NEW = "";
const NAMES = ["blue", "green"];

/** Asks for endpoint, name and size of a deployment of a model. */
export function DeployForm({ model, version, endpoint, onClose }: Props) {
  const { t } = useTranslation("models");
  const place = usePlace(model, endpoint);
  const [instances, setInstances] = useState<number | string>(1);
  const [allTraffic, setAllTraffic] = useState<boolean | null>(null);
  const deploy = useDeploy();
  const wantsTraffic = allTraffic ?? place.deployments.length === 0;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation();
    const { name, isNew, deployment } = place;
    const chosen = { endpoint: name, isNewEndpoint: isNew, deployment: deployment.trim() };
    const size = { instances: Number(instances) || 1, allTraffic: wantsTraffic };
    deploy.mutate({ model, version, ...chosen, ...size }, { onSuccess: onClose });
  };
  return (
    <Stack component="form" onSubmit={submit}>
      <PlaceFields place={place} isGiven={endpoint !== undefined} />
      <NumberInput label={t("deploy.instances")} value={instances} onChange={setInstances} min={1} max={100} />
      <Checkbox
        label={t("deploy.allTraffic")}
        description={t("deploy.allTrafficHint")}
        checked={wantsTraffic}
        onChange={(event) => setAllTraffic(event.currentTarget.checked)}
      />
      <Text size="sm" c="dimmed">
        {t("deploy.ownEnvironment")}
      </Text>
      {deploy.error && <ErrorBox error={deploy.error} />}
      <Group justify="end">
        <Button type="submit" loading={deploy.isPending} disabled={!place.name || !place.deployment.trim()}>
          {t("deploy.submit")}
        </Button>
      </Group>
    </Stack>
  );
}

interface Place {
  /** Of the endpoint; empty until it is given. */
  name: string;
  isNew: boolean;
  choices: string[];
  choose: (endpoint: string) => void;
  rename: (endpoint: string) => void;
  /** What the endpoint has already. */
  deployments: string[];
  deployment: string;
  setDeployment: (name: string) => void;
}

/** Keeps which endpoint and deployment the person means; a new endpoint has the model's name at first. */
function usePlace(model: string, given?: string): Place {
  const workspace = useWorkspace();
  const summaries = useEndpointSummaries(workspace).data ?? [];
  const [chosen, choose] = useState(given ?? NEW);
  const [newName, rename] = useState(() => `${model.replaceAll(/[^A-Za-z0-9-]+/g, "-").slice(0, 25)}-endpoint`);
  const [deployment, setDeployment] = useState<string | null>(null);
  const isNew = chosen === NEW;
  const known = useDeployments(workspace, chosen, !isNew).data ?? [];
  const deployments = isNew ? [] : known.map(({ name }) => name);
  const free = NAMES.find((name) => !deployments.includes(name)) ?? `blue-${deployments.length + 1}`;
  return {
    name: isNew ? newName.trim() : chosen,
    isNew,
    choices: summaries.map(({ endpoint }) => endpoint.name),
    choose,
    rename,
    deployments,
    deployment: deployment ?? free,
    setDeployment,
  };
}

function PlaceFields({ place, isGiven }: { place: Place; isGiven: boolean }) {
  const { t } = useTranslation("models");
  const choices = [
    { value: NEW, label: t("deploy.newEndpoint") },
    ...place.choices.map((value) => ({ value, label: value })),
  ];
  return (
    <>
      {!isGiven && place.choices.length > 0 && (
        <Select
          label={t("deploy.endpoint")}
          data={choices}
          value={place.isNew ? NEW : place.name}
          onChange={(value) => place.choose(value ?? NEW)}
          allowDeselect={false}
          searchable
        />
      )}
      {place.isNew && (
        <TextInput
          label={t("deploy.endpointName")}
          description={t("deploy.nameHint")}
          value={place.name}
          onChange={(event) => place.rename(event.currentTarget.value)}
          required
        />
      )}
      <TextInput
        label={t("deploy.deployment")}
        description={place.deployments.includes(place.deployment.trim()) ? t("deploy.replaces") : undefined}
        value={place.deployment}
        onChange={(event) => place.setDeployment(event.currentTarget.value)}
        required
      />
    </>
  );
}
