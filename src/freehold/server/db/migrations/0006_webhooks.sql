-- Who wants to hear of what, and where. A webhook that is off hears nothing of what happens meanwhile.
--
-- `origin` is what the addresses in its payloads start with where the hub has no public one.
-- After `failures` attempts in a row that did not reach the receiver, all its deliveries wait until
-- `retry_at`. `due_at` is when there is something to do for it: whoever does it holds the `lease` until
-- `leased_until`.
CREATE TABLE webhook (
    id TEXT PRIMARY KEY,
    owner_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    url TEXT NOT NULL,
    origin TEXT NOT NULL,
    secret TEXT,
    on_repo BOOLEAN NOT NULL,
    on_discussion BOOLEAN NOT NULL,
    state TEXT NOT NULL DEFAULT 'enabled' CHECK (state IN ('enabled', 'disabled', 'suspended')),
    created_at BIGINT NOT NULL,
    enabled_at BIGINT NOT NULL,
    triggered_at BIGINT,
    succeeded_at BIGINT,
    failures BIGINT NOT NULL DEFAULT 0,
    retry_at BIGINT NOT NULL DEFAULT 0,
    due_at BIGINT,
    lease TEXT,
    leased_until BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX webhook_owner ON webhook (owner_id);

CREATE INDEX webhook_due ON webhook (due_at) WHERE due_at IS NOT NULL;

-- A repository, or an account with all its repositories; `place` is the one in the list of its owner.
CREATE TABLE webhook_watch (
    webhook_id TEXT NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
    place BIGINT NOT NULL,
    repo_id TEXT REFERENCES repo (id) ON DELETE CASCADE,
    account_id TEXT REFERENCES account (id) ON DELETE CASCADE,
    PRIMARY KEY (webhook_id, place),
    CHECK ((repo_id IS NULL) <> (account_id IS NULL))
);

CREATE INDEX webhook_watch_repo ON webhook_watch (repo_id) WHERE repo_id IS NOT NULL;

CREATE INDEX webhook_watch_account ON webhook_watch (account_id) WHERE account_id IS NOT NULL;

-- What has happened to a repository that somebody watches, with the repository as it was then: it may be
-- gone or have another name when it is told. `detail` is the rest of the payload. Once the event is
-- `fanned_out`, it has a delivery for each webhook.
CREATE TABLE webhook_event (
    number {counter},
    repo_id TEXT NOT NULL,
    repo_type TEXT NOT NULL,
    repo_name TEXT NOT NULL,
    private BOOLEAN NOT NULL,
    owner_id TEXT NOT NULL,
    sdk TEXT,
    head_oid TEXT,
    domain TEXT NOT NULL CHECK (domain IN ('repo', 'discussion')),
    action TEXT NOT NULL,
    scope TEXT NOT NULL,
    detail TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    fanned_out BOOLEAN NOT NULL DEFAULT FALSE
);

CREATE INDEX webhook_event_new ON webhook_event (number) WHERE fanned_out = FALSE;

CREATE INDEX webhook_event_age ON webhook_event (created_at);

-- An event on its way to a webhook, in the order of their numbers, and afterwards its line in the log: the
-- status of the last answer, or why there was none.
CREATE TABLE webhook_delivery (
    number {counter},
    id TEXT NOT NULL UNIQUE,
    webhook_id TEXT NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
    event_number BIGINT NOT NULL REFERENCES webhook_event (number),
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'failed')),
    attempts BIGINT NOT NULL DEFAULT 0,
    next_attempt_at BIGINT NOT NULL DEFAULT 0,
    status BIGINT,
    error TEXT,
    attempted_at BIGINT,
    created_at BIGINT NOT NULL
);

CREATE INDEX webhook_delivery_waiting ON webhook_delivery (webhook_id, number)
    WHERE state = 'waiting';

CREATE INDEX webhook_delivery_log ON webhook_delivery (webhook_id, number);

CREATE INDEX webhook_delivery_event ON webhook_delivery (event_number);

CREATE INDEX webhook_delivery_age ON webhook_delivery (created_at) WHERE state <> 'waiting';
