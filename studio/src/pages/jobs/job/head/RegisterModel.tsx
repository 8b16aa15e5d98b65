import { Anchor, Button, Group, Modal, Select, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { fetchRaw } from "@/api/client";
import { type JobOutput, useJobOutputs } from "@/api/jobs";
import { ErrorBox } from "@/components/ErrorBox";
import { path } from "@/lib/workspace";
import type { Subject } from "@/pages/jobs/job/subject";

interface Props {
  subject: Subject;
  isOpen: boolean;
  onClose: () => void;
}

interface Registered {
  name: string;
  version: string;
}

const TYPES = ["mlflow_model", "custom_model", "triton_model"];

/** Registers an output of a job, or a folder of its artifacts, as a model. */
export function RegisterModel({ subject, isOpen, onClose }: Props) {
  const { t } = useTranslation(["job", "common"]);
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title={t("register.title")}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <Form subject={subject} />
    </Modal>
  );
}

function Form({ subject }: { subject: Subject }) {
  const { t } = useTranslation("job");
  const outputs = useJobOutputs(subject.workspace, subject.name, subject.job !== null);
  const choices = outputs.data ?? [{ name: "artifacts", type: "uri_folder", uri: "" }];
  const [output, setOutput] = useState("artifacts");
  const [folder, setFolder] = useState("model");
  const [name, setName] = useState("");
  const [type, setType] = useState("mlflow_model");
  const registration = useMutation({
    mutationFn: () => register(subject, { name: name.trim(), type, path: pathOf(subject, output, folder.trim()) }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation();
    registration.mutate();
  };
  if (registration.data) return <Done workspace={subject.workspace} made={registration.data} />;
  const labels = (one: JobOutput) => ({
    value: one.name,
    label: one.name === "artifacts" ? t("outputs.artifacts") : one.name,
  });
  return (
    <Stack component="form" onSubmit={submit}>
      <Select
        label={t("register.source")}
        data={choices.map(labels)}
        value={output}
        onChange={(value) => setOutput(value ?? "artifacts")}
        allowDeselect={false}
      />
      {output === "artifacts" && (
        <TextInput
          label={t("register.artifactPath")}
          value={folder}
          onChange={(e) => setFolder(e.currentTarget.value)}
        />
      )}
      <TextInput
        label={t("register.name")}
        description={t("register.nameHint")}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        required
        data-autofocus
      />
      <Select
        label={t("register.type")}
        data={TYPES}
        value={type}
        onChange={(v) => setType(v ?? type)}
        allowDeselect={false}
      />
      {registration.error && <ErrorBox error={registration.error} />}
      <Group justify="end">
        <Button type="submit" loading={registration.isPending} disabled={!name.trim()}>
          {t("register.submit")}
        </Button>
      </Group>
    </Stack>
  );
}

function Done({ workspace, made }: { workspace: string; made: Registered }) {
  const { t } = useTranslation("job");
  return (
    <Stack align="start">
      <Text role="status">{t("register.done", { name: made.name, version: made.version })}</Text>
      <Anchor component={Link} to={path(workspace, "models", made.name, made.version)}>
        {t("register.open")}
      </Anchor>
    </Stack>
  );
}

function pathOf({ job, name }: Subject, output: string, folder: string): string {
  if (!job) return `runs:/${name}/${folder}`;
  const whole = `azureml://jobs/${name}/outputs/${output}`;
  return output === "artifacts" && folder ? `${whole}/paths/${folder}` : whole;
}

async function register({ workspace }: Subject, body: Record<string, string>): Promise<Registered> {
  const answer = await fetchRaw(`/api/v1/workspaces/${encodeURIComponent(workspace)}/models`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return (await answer.json()) as Registered;
}
