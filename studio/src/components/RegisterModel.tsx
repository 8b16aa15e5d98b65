import { Button, Group, Modal, Stack, Textarea, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useRegister } from "@/api/models";
import { ErrorBox } from "@/components/ErrorBox";
import { SourceFields } from "@/components/models/SourceFields";
import { useSource } from "@/components/models/use-source";
import { path, useWorkspace } from "@/lib/workspace";

interface FormProps {
  /** The job or run whose outputs are offered; left out: the person names one, or a path. */
  job?: string;
  /** The model that gets a new version; left out: the person names one. */
  model?: string;
  onClose: () => void;
}

interface Props extends FormProps {
  isOpen: boolean;
}

/** Registers what a job left, or any path, as a version of a model, and opens the version's page. */
export function RegisterModel({ isOpen, ...form }: Props) {
  const { t } = useTranslation(["models", "common"]);
  return (
    <Modal
      opened={isOpen}
      onClose={form.onClose}
      title={form.model === undefined ? t("register.title") : t("register.newVersion")}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <Form {...form} />
    </Modal>
  );
}

function Form({ job, model, onClose }: FormProps) {
  const { t } = useTranslation("models");
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const [name, setName] = useState(model ?? "");
  const [description, setDescription] = useState("");
  const source = useSource(job);
  const registration = useRegister(workspace);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation(); // React's events leave the dialog for the form that it may stand in
    const given = { name: name.trim(), path: source.path, type: source.format, description: description.trim() };
    const document = Object.fromEntries(Object.entries(given).filter(([, value]) => value));
    registration.mutate(document, {
      onSuccess: (made) => {
        onClose();
        void navigate(path(workspace, "models", made.name, made.version));
      },
    });
  };
  return (
    <Stack component="form" onSubmit={submit}>
      <SourceFields source={source} asksForJob={job === undefined} />
      {model === undefined && (
        <TextInput
          label={t("register.name")}
          description={t("register.nameHint")}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          required
        />
      )}
      <Textarea
        label={t("register.description")}
        value={description}
        onChange={(event) => setDescription(event.currentTarget.value)}
        autosize
        minRows={2}
        maxRows={8}
      />
      {registration.error && <ErrorBox error={registration.error} />}
      <Group justify="end">
        <Button type="submit" loading={registration.isPending} disabled={!name.trim() || !source.path}>
          {t("register.submit")}
        </Button>
      </Group>
    </Stack>
  );
}
