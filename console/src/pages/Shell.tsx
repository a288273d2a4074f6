/** The frame around every page: where one can go, and who one is. */
import {
  AppShell,
  Group,
  Kbd,
  Menu,
  ScrollArea,
  Text,
  UnstyledButton,
  useMantineColorScheme,
} from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import {
  IconActivity,
  IconArrowsSort,
  IconBadges,
  IconBolt,
  IconChartBar,
  IconChevronDown,
  IconDatabase,
  IconDeviceDesktop,
  IconFunction,
  IconHistory,
  IconKey,
  IconListDetails,
  IconLogout,
  IconMessageCircle,
  IconMessages,
  IconMoon,
  IconRobot,
  IconSearch,
  IconSun,
  IconTags,
  IconUserHeart,
  IconUsers,
  IconWebhook,
} from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useRouter } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { agentsQuery, policiesQuery, skillsQuery } from "../api/queries";
import { sessionQuery, signOut } from "../api/session";
import { LiveSummary } from "../floor/LiveSummary";
import { useSession } from "../lib/permissions";
import { Finder, type Place } from "../ui/Finder";
import { Mark } from "../ui/Mark";
import { Desk } from "../workspace/Desk";
import { forgetAll } from "../workspace/storage";
import { useLeaveDesk } from "../workspace/useDesk";
import classes from "./Shell.module.css";

/** The menu: a page that is not built yet is not in it. */
const MENU = [
  {
    title: "Talk",
    pages: [{ to: "/workspace", name: "Workspace", icon: IconMessages, needs: "AvailabilitySet" }],
  },
  {
    title: "Route",
    pages: [
      { to: "/policies", name: "Policies", icon: IconArrowsSort, needs: "PoliciesRead" },
      { to: "/decisions", name: "Decisions", icon: IconHistory, needs: "DecisionsRead" },
      { to: "/attributes", name: "Attributes", icon: IconTags, needs: "AttributesRead" },
      { to: "/context", name: "Context", icon: IconDatabase, needs: "ContextRead" },
    ],
  },
  {
    title: "Floor",
    pages: [
      { to: "/live", name: "Live", icon: IconActivity, needs: "ConversationsReadAll" },
      {
        to: "/conversations",
        name: "Conversations",
        icon: IconMessages,
        needs: "ConversationsReadAll",
      },
      { to: "/skills", name: "Skills", icon: IconBadges, needs: "SettingsRead" },
      { to: "/users", name: "Agents", icon: IconUsers, needs: "UsersRead" },
    ],
  },
  {
    title: "Automate",
    pages: [
      { to: "/bots", name: "Bots", icon: IconRobot, needs: "UsersRead" },
      { to: "/functions", name: "Functions", icon: IconFunction, needs: "FunctionsRead" },
      { to: "/webhooks", name: "Webhooks", icon: IconWebhook, needs: "WebhooksRead" },
    ],
  },
  {
    title: "Web",
    pages: [
      { to: "/engagements", name: "Engagements", icon: IconMessageCircle, needs: "SkillsRead" },
      { to: "/emulator", name: "Emulator", icon: IconDeviceDesktop, needs: "DecisionsRead" },
    ],
  },
  {
    title: "Learn",
    pages: [{ to: "/analytics", name: "Analytics", icon: IconChartBar, needs: "AnalyticsRead" }],
  },
  {
    title: "Settings",
    pages: [
      {
        to: "/settings/last-agent",
        name: "Last agent",
        icon: IconUserHeart,
        needs: "SettingsRead",
      },
      { to: "/settings/access", name: "Access", icon: IconKey, needs: "AccessRead" },
      { to: "/settings/audit", name: "Audit", icon: IconListDetails, needs: "AuditRead" },
      {
        to: "/settings/workspace",
        name: "Replies, widgets",
        icon: IconBolt,
        needs: "SettingsRead",
      },
    ],
  },
] as const;

/** Returns the part of the menu that the person may read. */
function useMenu() {
  const { permissions } = useSession();
  return MENU.map((group) => ({
    title: group.title,
    pages: group.pages.filter(({ needs }) => permissions.includes(needs)),
  })).filter(({ pages }) => pages.length > 0);
}

export function Shell() {
  const [isFinding, setFinding] = useState(false);
  useHotkeys([["mod+K", () => setFinding(true)]], []);
  const menu = useMenu();
  return (
    <AppShell header={{ height: 48 }} navbar={{ width: 196, breakpoint: 0 }} padding={0}>
      <AppShell.Header className={classes.header} withBorder>
        <Group gap="xs" wrap="nowrap" className={classes.brand}>
          <Mark size={24} />
          <Account />
        </Group>
        <UnstyledButton className={classes.find} onClick={() => setFinding(true)}>
          <IconSearch size={15} />
          <span>Find anything by name</span>
          <Kbd size="xs">Ctrl K</Kbd>
        </UnstyledButton>
        <Group gap={4} wrap="nowrap">
          <LiveSummary />
          <Desk />
          <Me />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className={classes.navbar} withBorder aria-label="Pages">
        <ScrollArea>
          {menu.map((group) => (
            <div key={group.title} className={classes.group}>
              <Text className={classes.title}>{group.title}</Text>
              {group.pages.map((page) => (
                <Link key={page.to} to={page.to} className={classes.link}>
                  <page.icon size={17} stroke={1.7} />
                  {page.name}
                </Link>
              ))}
            </div>
          ))}
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main className={classes.main}>
        <Outlet />
      </AppShell.Main>
      {isFinding && <Find onClose={() => setFinding(false)} />}
    </AppShell>
  );
}

function Find({ onClose }: { onClose: () => void }) {
  return <Finder onClose={onClose} places={usePlaces()} />;
}

/** Returns everything one can go to by name. */
function usePlaces(): Place[] {
  const navigate = useNavigate();
  const menu = useMenu();
  const { permissions } = useSession();
  const mayRead = (permission: string) => permissions.includes(permission);
  const policies = useQuery({
    ...policiesQuery,
    enabled: mayRead("PoliciesRead"),
  }).data;
  const skills = useQuery({ ...skillsQuery, enabled: mayRead("SkillsRead") }).data;
  const agents = useQuery({ ...agentsQuery, enabled: mayRead("UsersRead") }).data;
  return useMemo(() => {
    const pages = menu
      .flatMap((group) => group.pages)
      .map((page) => ({
        key: page.to,
        kind: "page",
        name: page.name,
        go: () => void navigate({ to: page.to }),
      }));
    const found = (policies ?? []).map((policy) => ({
      key: policy.id,
      kind: "policy",
      name: policy.name,
      go: () => void navigate({ to: "/policies/$policyId", params: { policyId: policy.id } }),
    }));
    const foundSkills = (skills ?? []).map((skill) => ({
      key: `skill ${skill.id}`,
      kind: "skill",
      name: skill.name,
      go: () => void navigate({ to: "/skills/$skillId", params: { skillId: skill.id ?? "" } }),
    }));
    const foundAgents = (agents ?? []).map((agent) => ({
      key: `agent ${agent.id}`,
      kind: agent.kind === "BOT" ? "bot" : "agent",
      name: agent.name,
      go: () =>
        void navigate({
          to: agent.kind === "BOT" ? "/bots/$userId" : "/users/$userId",
          params: { userId: agent.id },
        }),
    }));
    return [...pages, ...found, ...foundSkills, ...foundAgents];
  }, [navigate, menu, policies, skills, agents]);
}

function Account() {
  const session = useSession();
  return (
    <Text fw={600} className="cut" title={session.account}>
      {session.account}
    </Text>
  );
}

function Me() {
  const session = useSession();
  const queries = useQueryClient();
  const router = useRouter();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const leaveDesk = useLeaveDesk();
  const leave = async () => {
    await leaveDesk();
    await signOut();
    forgetAll();
    queries.clear();
    queries.setQueryData(sessionQuery.queryKey, null);
    await router.navigate({ to: "/sign-in" });
  };
  const name = session.user?.name ?? "API key";
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <UnstyledButton className={classes.me}>
          <span className="cut">{name}</span>
          <IconChevronDown size={14} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {session.user?.email ?? name} · {session.role}
        </Menu.Label>
        <Menu.Divider />
        <Menu.Label>Appearance</Menu.Label>
        {(["light", "dark", "auto"] as const).map((scheme) => (
          <Menu.Item
            key={scheme}
            aria-current={colorScheme === scheme}
            leftSection={scheme === "dark" ? <IconMoon size={15} /> : <IconSun size={15} />}
            rightSection={colorScheme === scheme ? "✓" : undefined}
            onClick={() => setColorScheme(scheme)}
          >
            {scheme === "auto" ? "As the system" : scheme === "dark" ? "Dark" : "Light"}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={15} />} onClick={() => void leave()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
