import type { NewCompute } from "@/api/computes";

/** Types of computes of others. */
export const ATTACHED = ["virtualmachine", "slurm", "ray"] as const;

export type AttachedType = (typeof ATTACHED)[number];

/** Says whether a compute of this type is attached. */
export function isAttachedType(type: NewCompute["type"]): type is AttachedType {
  return (ATTACHED as readonly string[]).includes(type);
}

/** What stands in the editor at first: what each type needs, and what people most often add. */
export const TEMPLATES: Record<AttachedType, string> = {
  virtualmachine: `hosts:
  - gpu1.example.org
slots: 1
ssh_settings:
  admin_username: ada
  ssh_private_key: |
    <text of the private key>
host_keys:
  - ssh-ed25519 AAAA
`,
  slurm: `root: /shared/lapis
partition: work
# login:                       # without it the server's own sbatch
#   address: login.example.org
#   admin_username: ada
#   ssh_private_key: |
#     <text of the private key>
#   host_keys: [ssh-ed25519 AAAA]
`,
  ray: `address: http://head:8265
# token: of the dashboard
`,
};
