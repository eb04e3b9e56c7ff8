//! What tells PostgreSQL's messages apart in its own translations: parts of them, from the server's catalogues
//! (`src/backend/po` of PostgreSQL 15) in English, German, Spanish, French, Italian, Japanese, Georgian, Korean,
//! Russian, Swedish, Ukrainian and Chinese.

/// "no pg_hba.conf entry for host".
pub(super) const NO_LINE: [&str; 12] = [
    "no pg_hba.conf entry",
    "kein pg_hba.conf-Eintrag",
    "no hay una línea",
    "aucune entrée",
    "nessuna voce",
    "用のエントリがありません",
    "აღმოჩენილი არაა",
    "설정이 pg_hba.conf 파일에 없습니다",
    "нет записи",
    "ingen rad i",
    "немає запису",
    "没有用于主机",
];

/// "pg_hba.conf rejects connection".
pub(super) const REJECTS: [&str; 12] = [
    "rejects connection",
    "lehnt Verbindung ab",
    "rechaza la conexión",
    "rejette la connexion",
    "rifiuta connessioni",
    "接続を拒否しました",
    "უარყოფს მიერთებას",
    "설정에 따라 거부됩니다",
    "отвергает подключение",
    "avvisar anslutning",
    "відхиляє підключення",
    "记录拒绝来自",
];

/// "certificate authentication failed".
pub(super) const CERTIFICATE: [&str; 12] = [
    "certificate authentication failed",
    "Zertifikatauthentifizierung",
    "por certificado falló",
    "par le certificat échouée",
    "autenticazione con certificato",
    "証明書認証に失敗",
    "სერტიფიკატით ავთენტიფიკაცია",
    "인증서 인증을 실패",
    "по сертификату",
    "certifikat-autentisering",
    "автентифікацію за сертифікатом",
    // Chinese does not name the method here: no part of the message is its own.
    "certificate contains no user name",
];

/// "role is not permitted to log in".
pub(super) const NO_LOGIN: [&str; 12] = [
    "is not permitted to log in",
    "keine Berechtigung zum Einloggen",
    "no se le permite conectarse",
    "n'est pas autorisé à se connecter",
    "non è consentito effettuare il login",
    "ログインが許可されません",
    "შესვლის უფლება არ აქვს",
    "접속을 허용하지 않음",
    "вход запрещён",
    "tillåts inte logga in",
    "вхід не дозволений",
    "不允许角色",
];

/// "role does not exist".
pub(super) const NO_ROLE: [&str; 13] = [
    "\" does not exist",
    "existiert nicht",
    "no existe el rol",
    "n'existe pas",
    "non esiste",
    "は存在しません",
    "როლი არ არსებობს",
    "롤(role) 없음",
    "не существует",
    "finns inte",
    "не існує",
    "不存在",
    "role with OID",
];

/// The session had no encryption, as the server saw it: PostgreSQL 14 and newer, and older ones in English.
pub(super) const PLAINTEXT: [&str; 11] = [
    "no encryption",
    "SSL off",
    "keine Verschlüsselung",
    "sin cifrado",
    "aucun chiffrement",
    "nessuna crittografia",
    "暗号化なし",
    "დაშიფვრის გარეშე",
    "암호화 안함",
    "без шифрования",
    "ingen kryptering",
];
