import { Button, Group, NumberInput, Popover, Stack } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { type Compute, deleteCompute, useResizeCompute, useTurnCompute } from "@/api/computes";
import { ConfirmButton } from "@/components/ConfirmButton";
import { ErrorBox } from "@/components/ErrorBox";
import { path, useWorkspace } from "@/lib/workspace";

/** What can be done with a compute: start or stop an instance, resize a cluster, delete either. */
export function ComputeActions({ compute }: { compute: Compute }) {
  const { t } = useTranslation(["compute", "common"]);
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const drop = async () => {
    await deleteCompute(workspace, compute.name);
    await navigate(path(workspace, "compute"));
  };
  return (
    <>
      {compute.type === "computeinstance" ? <Turn compute={compute} /> : <Resize compute={compute} />}
      <ConfirmButton label={t("common:delete")} question={t("deleteQuestion", { name: compute.name })} act={drop} />
    </>
  );
}

function Turn({ compute }: { compute: Compute }) {
  const { t } = useTranslation("compute");
  const turn = useTurnCompute(useWorkspace(), compute.name);
  const verb = compute.state === "Stopped" ? "start" : "stop";
  return (
    <>
      <Button variant="default" size="xs" loading={turn.isPending} onClick={() => turn.mutate(verb)}>
        {t(verb)}
      </Button>
      {turn.error && <ErrorBox error={turn.error} />}
    </>
  );
}

function Resize({ compute }: { compute: Compute }) {
  const { t } = useTranslation(["compute", "common"]);
  const [isOpen, setOpen] = useState(false);
  const [nodes, setNodes] = useState<number | string>(compute.max_instances ?? 1);
  const resize = useResizeCompute(useWorkspace(), compute.name);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    resize.mutate(Number(nodes), { onSuccess: () => setOpen(false) });
  };
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-end" trapFocus withArrow>
      <Popover.Target>
        <Button variant="default" size="xs" onClick={() => setOpen((was) => !was)}>
          {t("resize")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <form onSubmit={submit}>
          <Stack gap="xs">
            <NumberInput label={t("maxInstances")} min={1} max={1000} value={nodes} onChange={setNodes} />
            {resize.error && <ErrorBox error={resize.error} />}
            <Group justify="end">
              <Button type="submit" size="xs" loading={resize.isPending}>
                {t("common:save")}
              </Button>
            </Group>
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
