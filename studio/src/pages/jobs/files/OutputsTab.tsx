import { Group, Select, Stack, Text } from "@mantine/core";
import { IconFolderOpen } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/errors";
import { type FileSource, folderQuery } from "@/api/files";
import { type JobOutput, useJobOutputs } from "@/api/jobs";
import { itemKey } from "@/api/keys";
import { CopyButton } from "@/components/CopyButton";
import { EmptyState } from "@/components/EmptyState";
import { ErrorBox } from "@/components/ErrorBox";
import { FileBrowser } from "@/components/files/FileBrowser";
import { Loading } from "@/components/Loading";
import { useAddressState } from "@/lib/address-state";
import type { Subject } from "@/pages/jobs/job/subject";

/** Everything that a job or a run left: its outputs, and the artifacts of its run, logs among them. */
export default function OutputsTab({ subject: { workspace, name, job } }: { subject: Subject }) {
  const outputs = useJobOutputs(workspace, name, job !== null);
  if (job === null) return <Outputs workspace={workspace} job={name} outputs={[ofRun(name)]} />;
  if (outputs.isPending) return <Loading />;
  if (outputs.error) return <ErrorBox error={outputs.error} retry={() => void outputs.refetch()} />;
  return <Outputs workspace={workspace} job={name} outputs={outputs.data} />;
}

function ofRun(name: string): JobOutput {
  return { name: "artifacts", type: "uri_folder", uri: `azureml://jobs/${name}/outputs/artifacts` };
}

function Outputs({ workspace, job, outputs }: { workspace: string; job: string; outputs: JobOutput[] }) {
  const { t } = useTranslation("files");
  const [chosen, choose] = useAddressState("output", outputs[0]?.name ?? "", true);
  const output = outputs.find(({ name }) => name === chosen) ?? outputs[0];
  if (!output) return <Nothing />;
  return (
    <Stack gap="sm">
      <Group gap="xs">
        {outputs.length > 1 && (
          <Select
            size="xs"
            aria-label={t("job.output")}
            value={output.name}
            onChange={(name) => choose(name ?? "")}
            allowDeselect={false}
            data={outputs.map(({ name }) => name)}
          />
        )}
        <Text size="sm" c="dimmed" style={{ flex: "1 1 260px", minWidth: 0, overflowWrap: "anywhere" }}>
          {output.type} · {output.uri}
        </Text>
        <CopyButton value={output.uri} what={t("job.address")} />
      </Group>
      <Files key={output.name} workspace={workspace} job={job} output={output} />
    </Stack>
  );
}

function Files({ workspace, job, output }: { workspace: string; job: string; output: JobOutput }) {
  const { t } = useTranslation("files");
  const source: FileSource = { workspace, uri: output.uri, scope: itemKey(workspace, "runs", job) };
  const root = useQuery(folderQuery(source, ""));
  if (root.isPending) return <Loading />;
  if (root.error instanceof ApiError && root.error.status === 404) return <Nothing />;
  if (root.error) return <ErrorBox error={root.error} retry={() => void root.refetch()} />;
  return <FileBrowser source={source} label={t("job.files", { name: output.name })} />;
}

function Nothing() {
  const { t } = useTranslation("files");
  return <EmptyState icon={IconFolderOpen} title={t("job.noOutputs")} text={t("job.noOutputsText")} />;
}
