import { Button, Group, Popover, Stack } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { type Compute, deleteCompute, useChangeCompute, useTurnCompute } from "@/api/computes";
import { listKey } from "@/api/keys";
import { useLeaving } from "@/api/live";
import { ConfirmButton } from "@/components/ConfirmButton";
import { ErrorBox } from "@/components/ErrorBox";
import { path, useWorkspace } from "@/lib/workspace";
import { ClusterFields, type ClusterSize, sizeKeys } from "@/pages/compute/ClusterFields";

/** What can be done with a compute: start or stop an instance, resize a cluster, delete either; detach an attached one. */
export function ComputeActions({ compute }: { compute: Compute }) {
  const { t } = useTranslation(["compute", "common"]);
  const workspace = useWorkspace();
  const navigate = useNavigate();
  const client = useQueryClient();
  const leave = useLeaving(workspace, "computes", compute.name);
  const drop = () =>
    leave(async () => {
      await deleteCompute(workspace, compute.name);
      await navigate(path(workspace, "compute"));
      for (const queryKey of [listKey(workspace, "computes"), listKey(workspace, "jobs", "compute-lines")])
        void client.invalidateQueries({ queryKey });
    });
  if (compute.is_attached)
    return <ConfirmButton label={t("detach")} question={t("detachQuestion", { name: compute.name })} act={drop} />;
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
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-end" trapFocus withArrow width={320}>
      <Popover.Target>
        <Button variant="default" size="xs" onClick={() => setOpen((was) => !was)}>
          {t("resize")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>{isOpen && <Size compute={compute} onDone={() => setOpen(false)} />}</Popover.Dropdown>
    </Popover>
  );
}

function Size({ compute, onDone }: { compute: Compute; onDone: () => void }) {
  const { t } = useTranslation("common");
  const change = useChangeCompute(useWorkspace(), compute.name);
  const [size, setSize] = useState<ClusterSize>({
    min: compute.min_instances ?? 0,
    max: compute.max_instances ?? 1,
    idle: compute.idle_time_before_scale_down ?? "",
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate(sizeKeys(size), { onSuccess: onDone });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        <ClusterFields size={size} onChange={setSize} />
        {change.error && <ErrorBox error={change.error} />}
        <Group justify="end">
          <Button type="submit" size="xs" loading={change.isPending}>
            {t("save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
