import {
  IconBox,
  IconCpu,
  IconDatabase,
  IconFlask,
  IconHome,
  IconPackages,
  IconPlugConnected,
  IconPuzzle,
  IconRocket,
  IconSitemap,
  type TablerIcon,
} from "@tabler/icons-react";

/** The nouns of the navigation; texts are `nav.<id>`. */
export type NavId =
  | "home"
  | "data"
  | "jobs"
  | "components"
  | "pipelines"
  | "environments"
  | "models"
  | "endpoints"
  | "compute"
  | "connections";

export interface NavEntry {
  id: NavId;
  /** The first part of the address below the workspace; empty for Home. */
  path: string;
  /** Further beginnings of addresses, one part or two, that belong to the same entry. */
  also?: string[];
  icon: TablerIcon;
}

export interface NavSection {
  id: "start" | "assets" | "manage";
  entries: NavEntry[];
}

/** The navigation, in the order that users of Azure ML's studio know. */
export const NAVIGATION: NavSection[] = [
  { id: "start", entries: [{ id: "home", path: "", icon: IconHome }] },
  {
    id: "assets",
    entries: [
      { id: "data", path: "data", also: ["datastores"], icon: IconDatabase },
      {
        id: "jobs",
        path: "jobs",
        also: ["experiments", "compare", "schedules", "submit", "new/schedule"],
        icon: IconFlask,
      },
      { id: "components", path: "components", also: ["new/component"], icon: IconPuzzle },
      { id: "pipelines", path: "pipelines", icon: IconSitemap },
      { id: "environments", path: "environments", also: ["new/environment"], icon: IconPackages },
      { id: "models", path: "models", icon: IconBox },
      { id: "endpoints", path: "endpoints", also: ["online-endpoints", "batch-endpoints"], icon: IconRocket },
    ],
  },
  {
    id: "manage",
    entries: [
      { id: "compute", path: "compute", icon: IconCpu },
      { id: "connections", path: "connections", icon: IconPlugConnected },
    ],
  },
];
