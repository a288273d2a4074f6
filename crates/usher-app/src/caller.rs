//! Who asks, and what they may do.

use usher_model::id::{AccountId, AgentId, ConsumerId, RequestId};
use usher_model::role::Role;

use crate::error::{Code, Error, Result};

/// Who asks, for which account, under which request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The credential's account; a use case never reaches another one.
    pub account: AccountId,
    /// What the caller may do.
    pub role: Role,
    /// Who, for the audit log: `credential/…` or `user/…`.
    pub actor: String,
    /// What of that the caller's token reaches.
    pub reach: Reach,
    /// The agent that the caller is, if it is one.
    pub agent: Option<AgentId>,
    /// The consumer that the caller is: the bearer of a consumer's token.
    pub consumer: Option<ConsumerId>,
    /// Whether the brand vouches for that consumer.
    pub is_identified: bool,
    /// The request, for logs and error bodies.
    pub request_id: RequestId,
    /// The caller's name for a creation: sending it twice makes one.
    pub idempotency_key: Option<String>,
}

/// What of a role's permissions a token reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All of them.
    Everything,
    /// Running functions, and seeing which there are.
    Functions,
}

impl Reach {
    const fn has(self, permission: Permission) -> bool {
        match self {
            Self::Everything => true,
            Self::Functions => matches!(
                permission,
                Permission::FunctionsInvoke | Permission::FunctionsRead
            ),
        }
    }
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident: $($role:ident)*;)*) => {
        /// What a use case needs.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Permission {
            $($(#[$doc])* $name,)*
        }

        impl Permission {
            /// Every permission.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Returns its name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// Returns the roles that have it; administrators have every one.
            #[must_use]
            pub const fn roles(self) -> &'static [Role] {
                match self { $(Self::$name => &[Role::Admin, $(Role::$role,)*],)* }
            }
        }
    };
}

permissions! {
    /// See policies, their versions and usage.
    PoliciesRead: Manager Developer Readonly;
    /// Change policies.
    PoliciesWrite: Manager;
    /// See the attribute catalogue.
    AttributesRead: Manager Bot Developer Readonly;
    /// Change custom attributes.
    AttributesWrite: Manager Developer;
    /// Read context.
    ContextRead: Manager Agent Bot Developer Readonly;
    /// Write context.
    ContextWrite: Manager Bot Developer;
    /// Erase everything kept of a consumer.
    ContextErase: Manager;
    /// Ask what should happen next.
    DecisionsAsk: Manager Agent Bot Developer Readonly;
    /// See past decisions.
    DecisionsRead: Manager Developer Readonly;
    /// See skills.
    SkillsRead: Manager Agent Bot Developer Readonly;
    /// Change skills.
    SkillsWrite: Manager;
    /// See the account's settings.
    SettingsRead: Manager Developer Readonly;
    /// Change the account's settings.
    SettingsWrite: Manager;
    /// See who changed what.
    AuditRead: Manager;
    /// Open conversations; consumers their own.
    ConversationsOpen: Manager Bot Developer Consumer;
    /// See conversations; agents and consumers only those they take part in.
    ConversationsRead: Manager Agent Bot Developer Readonly Consumer;
    /// See every conversation.
    ConversationsReadAll: Manager Bot Developer Readonly;
    /// Act in conversations; agents and consumers only in those they take part in.
    ConversationsWrite: Manager Agent Bot Developer Consumer;
    /// Take conversations over, put them back into the queue, join them, ask why they wait.
    ConversationsSupervise: Manager;
    /// Speak, accept and set availability in the name of any consumer or agent.
    ActForOthers: Manager Bot Developer;
    /// See agents, their status and their load.
    AgentsRead: Manager Agent Bot Developer Readonly;
    /// Set one's own availability, and answer one's own offers.
    AvailabilitySet: Manager Agent Bot Developer;
    /// See how queues are doing.
    QueuesRead: Manager Agent Bot Developer Readonly;
    /// See how the floor and the policies have done.
    AnalyticsRead: Manager Readonly;
    /// Have all figures counted anew.
    AnalyticsRebuild: ;
    /// Search conversations, the closed ones too.
    HistoryRead: Manager Bot Developer Readonly;
    /// Follow what happens: agents and consumers only what concerns them.
    EventsRead: Manager Agent Bot Developer Readonly Consumer;
    /// See functions, their versions and logs.
    FunctionsRead: Manager Bot Developer Readonly;
    /// Change functions and decide which version runs.
    FunctionsWrite: Manager Developer;
    /// Run functions.
    FunctionsInvoke: Manager Bot Developer;
    /// Change the domains that functions may call, and their secrets.
    FunctionsAdminister: Manager;
    /// See webhooks, and what could not be delivered.
    WebhooksRead: Manager Developer Readonly;
    /// Change webhooks, and deliver or discard what could not be delivered.
    WebhooksWrite: Manager Developer;
    /// See users: who works here, and the bots.
    UsersRead: Manager Developer Readonly;
    /// Change users; without `AccessWrite` only agents and bots.
    UsersWrite: Manager;
    /// See credentials.
    AccessRead: ;
    /// Change credentials, and users who may more than agents and bots.
    AccessWrite: ;
}

impl Caller {
    /// Whether the caller's role has the permission, and the token reaches it.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        permission.roles().contains(&self.role) && self.reach.has(permission)
    }

    /// Refuses a caller whose role lacks the permission.
    ///
    /// # Errors
    /// Fails with [`Code::Forbidden`].
    pub fn require(&self, permission: Permission) -> Result<()> {
        if self.may(permission) {
            return Ok(());
        }
        if !self.reach.has(permission) {
            let message = "expected a token that reaches more: this one only runs functions";
            return Err(Error::new(Code::Forbidden, message));
        }
        let roles: Vec<&str> = permission
            .roles()
            .iter()
            .map(|role| role.as_str())
            .collect();
        Err(Error::new(
            Code::Forbidden,
            format!(
                "expected a credential with one of the roles {}, found {}",
                roles.join(", "),
                self.role
            ),
        ))
    }

    /// Returns the agent in whose name the caller acts, with no more rights than an agent has.
    ///
    /// # Errors
    /// Fails with [`Code::Forbidden`] if that is somebody else and the caller may not act for others.
    pub fn as_agent(self, agent: AgentId) -> Result<Self> {
        if self.agent.as_ref() == Some(&agent) {
            return Ok(self);
        }
        self.require(Permission::ActForOthers)?;
        Ok(Self {
            role: Role::Agent,
            agent: Some(agent),
            consumer: None,
            ..self
        })
    }

    /// Returns the consumer in whose name the caller acts, with no more rights than a consumer has.
    ///
    /// # Errors
    /// As [`Self::as_agent`].
    pub fn as_consumer(self, consumer: ConsumerId) -> Result<Self> {
        if self.consumer.as_ref() == Some(&consumer) {
            return Ok(self);
        }
        self.require(Permission::ActForOthers)?;
        Ok(Self {
            role: Role::Consumer,
            agent: None,
            consumer: Some(consumer),
            ..self
        })
    }

    /// Refuses an account in a path or body that is not the credential's.
    ///
    /// # Errors
    /// Fails with [`Code::ForeignAccount`].
    pub fn require_account(&self, account: &str) -> Result<()> {
        if self.account.as_str() == account {
            return Ok(());
        }
        Err(Error::new(
            Code::ForeignAccount,
            "the account is not the credential's",
        ))
    }
}
