//! psql and its relatives, and how each takes its command line.

/// How a program takes words that are not options.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// The database, then the user.
    DatabaseAndUser,
    /// The database.
    Database,
    /// So many of something else.
    Others(usize),
}

/// Whether a connection string in place of the database's name counts more than the options.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Priority {
    /// `expand_dbname` of libpq's `PQconnectdbParams`.
    String,
    /// The options are added to the string's settings (`GetConnection` in `streamutil.c`, `connectDatabase` of
    /// pg_dumpall).
    Options,
}

/// A program, as its `--help` describes it.
pub(super) struct Program {
    pub(super) name: &'static str,
    pub(super) words: Words,
    /// Short options with an argument, besides those for the connection.
    pub(super) arguments: &'static str,
    /// Long options, with `=` behind those that have an argument.
    long: &'static str,
}

/// A long option.
pub(super) struct Long {
    pub(super) name: &'static str,
    pub(super) argument: Argument,
}

/// Whether an option has an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Argument {
    Needed,
    None,
}

impl Program {
    /// Whether `-d` names a database. To createuser it is a flag, to pg_amcheck a pattern, and to pgbench before 17 a flag,
    /// too, where the word behind it is the database all the same.
    pub(super) fn takes_database(&self) -> bool {
        self.name != "pgbench"
            && self
                .long("dbname")
                .is_some_and(|long| long.name == "dbname")
    }

    pub(super) fn priority(&self) -> Priority {
        match self.name {
            "pg_dumpall" | "pg_basebackup" | "pg_receivewal" | "pg_recvlogical" => {
                Priority::Options
            }
            _ => Priority::String,
        }
    }

    /// Whether `-l` names the database to connect to, which may be a string, too (`connectDatabase` of pg_dumpall).
    pub(super) fn takes_first_database(&self) -> bool {
        self.name == "pg_dumpall"
    }

    /// Whether a database beside `--all` is too much.
    pub(super) fn takes_all_or_one(&self) -> bool {
        matches!(
            self.name,
            "vacuumdb" | "reindexdb" | "clusterdb" | "pg_amcheck"
        )
    }

    /// The option of that name, or the only one that begins so (`getopt_long`).
    pub(super) fn long(&self, name: &str) -> Option<Long> {
        let all = self
            .long
            .split(' ')
            .map(|option| match option.strip_suffix('=') {
                Some(name) => Long {
                    name,
                    argument: Argument::Needed,
                },
                None => Long {
                    name: option,
                    argument: Argument::None,
                },
            });
        let mut begun: Vec<Long> = all.filter(|long| long.name.starts_with(name)).collect();
        let exact = begun.iter().position(|long| long.name == name);
        match (exact, begun.len()) {
            (Some(exact), _) => Some(begun.swap_remove(exact)),
            (None, 1) => begun.pop(),
            (None, _) => None,
        }
    }
}

const fn program(
    name: &'static str,
    words: Words,
    arguments: &'static str,
    long: &'static str,
) -> Program {
    Program {
        name,
        words,
        arguments,
        long,
    }
}

/// PostgreSQL 15 to 18.
pub(super) const PROGRAMS: &[Program] = &[
    program(
        "psql",
        Words::DatabaseAndUser,
        "cfFLoPRTv",
        "command= csv dbname= echo-all echo-errors echo-hidden echo-queries expanded field-separator= \
         field-separator-zero file= help host= html list log-file= no-align no-password no-psqlrc no-readline \
         output= password port= pset= quiet record-separator= record-separator-zero set= single-line \
         single-step single-transaction table-attr= tuples-only username= variable= version",
    ),
    program(
        "pg_dump",
        Words::Database,
        "eEfFjnNStTZ",
        "attribute-inserts binary-upgrade blobs clean column-inserts compress= create data-only dbname= disable-dollar-quoting \
         disable-triggers enable-row-security encoding= exclude-extension= exclude-schema= exclude-table= \
         exclude-table-and-children= exclude-table-data= exclude-table-data-and-children= extension= \
         extra-float-digits= file= filter= format= help host= if-exists include-foreign-data= inserts jobs= \
         large-objects load-via-partition-root lock-wait-timeout= no-acl no-blobs no-comments no-data \
         no-large-objects no-owner no-password no-policies no-privileges no-publications no-schema \
         no-security-labels no-statistics no-subscriptions no-sync no-table-access-method no-tablespaces \
         no-toast-compression no-unlogged-table-data on-conflict-do-nothing password port= \
         quote-all-identifiers restrict-key= role= rows-per-insert= schema= schema-only section= \
         sequence-data serializable-deferrable snapshot= statistics statistics-only strict-names superuser= \
         sync-method= table= table-and-children= use-set-session-authorization username= verbose version",
    ),
    program(
        "pg_restore",
        Words::Others(1),
        "fFIjLnNPStT",
        "clean create data-only dbname= disable-triggers enable-row-security exclude-schema= exit-on-error \
         file= filter= format= function= help host= if-exists index= jobs= list no-acl no-comments no-data \
         no-data-for-failed-tables no-owner no-password no-policies no-privileges no-publications no-schema \
         no-security-labels no-statistics no-subscriptions no-table-access-method no-tablespaces password \
         port= restrict-key= role= schema= schema-only section= single-transaction statistics statistics-only \
         strict-names superuser= table= transaction-size= trigger= use-list= use-set-session-authorization \
         username= verbose version",
    ),
    program(
        "pg_dumpall",
        Words::Others(0),
        "EflS",
        "attribute-inserts binary-upgrade clean column-inserts data-only database= dbname= disable-dollar-quoting \
         disable-triggers encoding= exclude-database= extra-float-digits= file= filter= globals-only help \
         host= if-exists inserts load-via-partition-root lock-wait-timeout= no-acl no-comments no-data no-owner \
         no-password no-policies no-privileges no-publications no-role-passwords no-schema no-security-labels \
         no-statistics no-subscriptions no-sync no-table-access-method no-tablespaces no-toast-compression \
         no-unlogged-table-data on-conflict-do-nothing password port= quote-all-identifiers restrict-key= \
         role= roles-only rows-per-insert= schema-only sequence-data statistics statistics-only superuser= \
         tablespaces-only use-set-session-authorization username= verbose version",
    ),
    program(
        "pg_isready",
        Words::Others(0),
        "t",
        "dbname= help host= port= quiet timeout= username= version",
    ),
    program(
        "pg_basebackup",
        Words::Others(0),
        "cDFilrsStTXZ",
        "checkpoint= compress= create-slot dbname= format= gzip help host= incremental= label= \
         manifest-checksums= manifest-force-encode max-rate= no-clean no-estimate-size no-manifest \
         no-password no-slot no-sync no-verify-checksums password pgdata= port= progress slot= \
         status-interval= sync-method= tablespace-mapping= target= username= verbose version wal-method= \
         waldir= write-recovery-conf",
    ),
    program(
        "pg_receivewal",
        Words::Others(0),
        "DESsZ",
        "compress= create-slot dbname= directory= drop-slot endpos= help host= if-not-exists no-loop \
         no-password no-sync password port= slot= status-interval= synchronous username= verbose version",
    ),
    program(
        "pg_recvlogical",
        Words::Others(0),
        "EfFIoPsS",
        "create-slot dbname= drop-slot enable-failover enable-two-phase endpos= failover file= \
         fsync-interval= help host= if-not-exists no-loop no-password option= password plugin= port= slot= \
         start startpos= status-interval= two-phase username= verbose version",
    ),
    program(
        "pgbench",
        Words::Database,
        "bcDfFIjLMPRstT",
        "aggregate-interval= builtin= client= connect dbname= debug define= exit-on-abort failures-detailed file= \
         fillfactor= foreign-keys help host= index-tablespace= init-steps= initialize jobs= latency-limit= \
         log log-prefix= max-tries= no-vacuum partition-method= partitions= port= progress= \
         progress-timestamp protocol= quiet random-seed= rate= report-per-command sampling-rate= scale= \
         select-only show-script= skip-some-updates tablespace= time= transactions= unlogged-tables username= \
         vacuum-all verbose-errors version",
    ),
    program(
        "vacuumdb",
        Words::Database,
        "jnNPt",
        "all analyze analyze-in-stages analyze-only buffer-usage-limit= dbname= disable-page-skipping echo \
         exclude-schema= force-index-cleanup freeze full help host= jobs= maintenance-db= min-mxid-age= \
         min-xid-age= missing-stats-only no-index-cleanup no-password no-process-main no-process-toast \
         no-truncate parallel= password port= quiet schema= skip-locked table= username= verbose version",
    ),
    program(
        "reindexdb",
        Words::Database,
        "ijSt",
        "all concurrently dbname= echo help host= index= jobs= maintenance-db= no-password password port= \
         quiet schema= system table= tablespace= username= verbose version",
    ),
    program(
        "clusterdb",
        Words::Database,
        "t",
        "all dbname= echo help host= maintenance-db= no-password password port= quiet table= username= \
         verbose version",
    ),
    program(
        "createdb",
        Words::Others(2),
        "DElOST",
        "builtin-locale= echo encoding= help host= icu-locale= icu-rules= lc-collate= lc-ctype= locale= \
         locale-provider= maintenance-db= no-password owner= password port= strategy= tablespace= template= \
         username= version",
    ),
    program(
        "dropdb",
        Words::Others(1),
        "",
        "echo force help host= if-exists interactive maintenance-db= no-password password port= username= \
         version",
    ),
    program(
        "createuser",
        Words::Others(1),
        "acgmv",
        "admin= bypassrls connection-limit= createdb createrole echo help host= inherit interactive login \
         member-of= no-bypassrls no-createdb no-createrole no-inherit no-login no-password no-replication \
         no-superuser password port= pwprompt replication role= superuser username= valid-until= version \
         with-admin= with-member=",
    ),
    program(
        "dropuser",
        Words::Others(1),
        "",
        "echo help host= if-exists interactive no-password password port= username= version",
    ),
    program(
        "pg_amcheck",
        Words::Database,
        "dDijIrRsStT",
        "all checkunique database= echo endblock= exclude-database= exclude-index= exclude-relation= \
         exclude-schema= exclude-table= exclude-toast-pointers heapallindexed help host= index= \
         install-missing jobs= maintenance-db= no-dependent-indexes no-dependent-toast no-password \
         no-strict-names on-error-stop parent-check password port= progress relation= rootdescend schema= \
         skip= startblock= table= username= verbose version",
    ),
];
