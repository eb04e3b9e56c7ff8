use super::*;
use crate::wire::postgres::error::Made;

fn error(sqlstate: &str, message: &str, routine: Option<&str>) -> ServerError {
    ServerError {
        sqlstate: Some(sqlstate.to_owned()),
        message: message.as_bytes().to_vec(),
        made: routine.map(|routine| Made {
            file: "auth.c".to_owned(),
            routine: routine.to_owned(),
        }),
        ..ServerError::default()
    }
}

#[test]
fn the_servers_words_exclude_causes_in_every_language() {
    const LINES: Option<&str> = Some("ClientAuthentication");
    const FAILED: Option<&str> = Some("auth_failed");
    const ROLE: Option<&str> = Some("InitializeSessionUserId");
    for (state, message, routine, cause) in [
        (
            "28000",
            "no pg_hba.conf entry for host \"192.0.2.7\", user \"u\", database \"d\", SSL encryption",
            LINES,
            Cause::NoHbaLine,
        ),
        (
            "28000",
            "no pg_hba.conf entry for host \"192.0.2.7\", user \"u\", database \"d\", SSL on",
            None,
            Cause::NoHbaLine,
        ),
        (
            "28000",
            "kein pg_hba.conf-Eintrag für Host »192.0.2.7«, Benutzer »u«, Datenbank »d«, SSL-Verschlüsselung",
            None,
            Cause::NoHbaLine,
        ),
        (
            "28000",
            "pg_hba.conf lehnt Verbindung ab für Host »192.0.2.7«, Benutzer »u«, Datenbank »d«, SSL-Verschlüsselung",
            LINES,
            Cause::HbaRejects,
        ),
        (
            "28000",
            "brak wpisu w pg_hba.conf dla hosta \"192.0.2.7\"",
            LINES,
            Cause::Hba,
        ),
        (
            "28000",
            "connection requires a valid client certificate",
            LINES,
            Cause::CertificateDemanded,
        ),
        (
            "28000",
            "この接続には有効なクライアント証明が必要です",
            None,
            Cause::CertificateDemanded,
        ),
        (
            "28000",
            "certificate authentication failed for user \"u\"",
            FAILED,
            Cause::Certificate,
        ),
        (
            "28000",
            "\"trust\" authentication failed for user \"PAM\"",
            FAILED,
            Cause::NotTrusted,
        ),
        (
            "28000",
            "ユーザー\"u\"の\"trust\"認証に失敗しました",
            FAILED,
            Cause::NotTrusted,
        ),
        (
            "28000",
            "authentication failed for user \"trust\": host rejected",
            FAILED,
            Cause::SomeMethod,
        ),
        (
            "28000",
            "authentification par le certificat échouée pour l'utilisateur « u »",
            FAILED,
            Cause::Certificate,
        ),
        (
            "28000",
            "Ident authentication failed for user \"u\"",
            FAILED,
            Cause::Method(Method::Ident),
        ),
        (
            "28000",
            "用户 \"u\" 的RADIUS认证失败",
            FAILED,
            Cause::Method(Method::Radius),
        ),
        (
            "28000",
            "იდენტიფიკაციით ავთენტიფიკაცია \"u\"",
            FAILED,
            Cause::SomeMethod,
        ),
        (
            "28P01",
            "password authentication failed for user \"u\"",
            FAILED,
            Cause::Password,
        ),
        (
            "28000",
            "role \"u\" is not permitted to log in",
            ROLE,
            Cause::RoleNoLogin,
        ),
        (
            "28000",
            "для роли \"u\" вход запрещён",
            ROLE,
            Cause::RoleNoLogin,
        ),
        (
            "28000",
            "il ruolo \"u\" non esiste",
            ROLE,
            Cause::RoleMissing,
        ),
        ("28000", "rola \"u\" nie istnieje", ROLE, Cause::Role),
        (
            "3D000",
            "database \"d\" does not exist",
            Some("InitPostgres"),
            Cause::DatabaseMissing,
        ),
        (
            "55000",
            "la base « d » n'accepte pas les connexions",
            Some("CheckMyDatabase"),
            Cause::DatabaseClosed,
        ),
        (
            "42501",
            "permission denied for database \"d\"",
            Some("CheckMyDatabase"),
            Cause::NoConnect,
        ),
        (
            "53300",
            "zu viele Verbindungen von Rolle »u«",
            ROLE,
            Cause::RoleFull,
        ),
        (
            "53300",
            "too many connections for database \"d\"",
            Some("CheckMyDatabase"),
            Cause::DatabaseFull,
        ),
        (
            "53300",
            "désolé, trop de clients sont déjà connectés",
            Some("ProcessStartupPacket"),
            Cause::ServerFull,
        ),
        (
            "57P03",
            "the database system is in recovery mode",
            None,
            Cause::StartingUp,
        ),
        ("57P03", "das Datenbanksystem startet", None, Cause::NotNow),
        ("28000", "something \"new\"", None, Cause::Unknown),
        ("XX000", "anything", None, Cause::Unknown),
    ] {
        assert_eq!(
            Cause::of(&error(state, message, routine)),
            cause,
            "{message}"
        );
    }
}

#[test]
fn a_server_that_saw_no_tls_says_so() {
    for (message, plain) in [
        (
            "no pg_hba.conf entry for host \"192.0.2.7\", user \"u\", database \"d\", no encryption",
            true,
        ),
        (
            "no pg_hba.conf entry for host \"192.0.2.7\", user \"u\", database \"d\", SSL off",
            true,
        ),
        (
            "kein pg_hba.conf-Eintrag für Host »192.0.2.7«, Benutzer »u«, Datenbank »d«, keine Verschlüsselung",
            true,
        ),
        (
            "no pg_hba.conf entry for host \"192.0.2.7\", user \"u\", database \"d\", SSL encryption",
            false,
        ),
    ] {
        assert_eq!(
            saw_plaintext(&error("28000", message, None)),
            plain,
            "{message}"
        );
    }
}

#[test]
fn quoted_names_are_found_in_every_kind_of_quotation_marks() {
    for message in [
        "no pg_hba.conf entry for host \"192.0.2.7\", user \"u\", database \"d\", SSL encryption",
        "kein pg_hba.conf-Eintrag für Host »192.0.2.7«, Benutzer »u«, Datenbank »d«",
        "aucune entrée dans pg_hba.conf pour l'hôte « 192.0.2.7 », utilisateur « u », base de données « d »",
    ] {
        assert_eq!(
            quoted(&error("28000", message, None)),
            ["192.0.2.7", "u", "d"]
        );
    }
}
