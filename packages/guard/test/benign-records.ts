/**
 * Ordinary sentences and records with numbers that are of no person: orders, tickets, extensions, dates, amounts, versions,
 * ids. In twelve languages, the same for the same seed. Written for these tests.
 */

/** Numbers between 0 and 1 from a linear congruential generator (Numerical Recipes). */
export function drawnFrom(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

type Draw = (bound: number) => number;
const from = (draw: Draw, alphabet: string, length: number): string =>
  Array.from({ length }, () => alphabet[draw(alphabet.length)]!).join('');
const digits = (draw: Draw, length: number): string =>
  from(draw, '123456789', 1) + from(draw, '0123456789', length - 1);
const letters = (draw: Draw, length: number): string => from(draw, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', length);
const hex = (draw: Draw, length: number): string => from(draw, '0123456789abcdef', length);
const two = (n: number): string => String(n).padStart(2, '0');
const one = <T>(draw: Draw, list: readonly T[]): T => list[draw(list.length)]!;
const uuid = (draw: Draw): string => [8, 4, 4, 4, 12].map((length) => hex(draw, length)).join('-');

interface Day {
  readonly y: number;
  readonly m: string;
  readonly d: string;
}
const day = (draw: Draw): Day => ({ y: 1995 + draw(35), m: two(1 + draw(12)), d: two(1 + draw(28)) });
const short = ({ y, m, d }: Day): string => `${String(y).slice(2)}${m}${d}`;

/** What shops, help desks and warehouses give out as numbers. */
const SHAPES: readonly ((draw: Draw) => string)[] = [
  ...[5, 6, 7, 8, 9, 9, 10, 10, 10, 11, 11, 12, 12, 13, 14, 15, 16].map(
    (length) => (draw: Draw) => digits(draw, length),
  ),
  (draw) => `#${digits(draw, 6 + draw(7))}`,
  (draw) => `${digits(draw, 4)}-${digits(draw, 4)}`,
  (draw) => `${digits(draw, 3)}-${digits(draw, 3)}-${digits(draw, 4)}`,
  (draw) => `${digits(draw, 3)}-${digits(draw, 7)}-${digits(draw, 7)}`,
  (draw) => `${digits(draw, 4)} ${digits(draw, 4)} ${digits(draw, 4)}`,
  (draw) => `${digits(draw, 3)} ${digits(draw, 3)} ${digits(draw, 3)}`,
  (draw) => `${digits(draw, 2)} ${digits(draw, 3)} ${digits(draw, 3)} ${digits(draw, 3)}`,
  (draw) => `${digits(draw, 3)}.${digits(draw, 3)}.${digits(draw, 3)}`,
  (draw) => `${digits(draw, 2)}-${digits(draw, 8)}-${digits(draw, 1)}`,
  (draw) => `${short(day(draw))}-${digits(draw, 4)}`,
  (draw) => `${short(day(draw))}/${digits(draw, 3 + draw(2))}`,
  (draw) => `${short(day(draw))}-${digits(draw, 7)}`,
  (draw) => `20${short(day(draw))}-${digits(draw, 4)}`,
  (draw) => `${letters(draw, 2)}${digits(draw, 6)}${letters(draw, 1)}`,
  (draw) => `${letters(draw, 1)}${digits(draw, 7)}${letters(draw, 1)}`,
  (draw) => `${digits(draw, 7)}${letters(draw, 1)}`,
  (draw) => `${digits(draw, 8)}${letters(draw, 1)}`,
  (draw) => `${letters(draw, 3)}-${20}${two(draw(30))}-${digits(draw, 5)}`,
  (draw) => `${letters(draw, 2)}${digits(draw, 9)}${letters(draw, 2)}`,
  (draw) => `${letters(draw, 5)}${digits(draw, 4)}${letters(draw, 1)}`,
  (draw) => `1Z${letters(draw, 3)}${digits(draw, 11)}`,
  (draw) => `${letters(draw, 3)}${digits(draw, 8)}`,
  (draw) => `${digits(draw, 4)}${letters(draw, 2)}${digits(draw, 4)}`,
];
const number = (draw: Draw): string => one(draw, SHAPES)(draw);
/** The same where no word says what it is of: there 540-797-5836 is a telephone number to any reader. */
function bare(draw: Draw): string {
  const drawn = number(draw);
  return /^\d{3}-\d{3}-\d{4}$/.test(drawn) ? bare(draw) : drawn;
}

const CURRENCIES = ['€', '$', '£', 'EUR', 'USD', 'CHF', 'PLN', 'TRY', '₽', '¥', 'BRL', 'kr'];
function amount(draw: Draw): string {
  const groups = [String(1 + draw(999)), ...Array.from({ length: draw(3) }, () => digits(draw, 3))];
  const [between, point] = one(draw, [
    [',', '.'],
    ['.', ','],
    [' ', ','],
    ['\u00a0', ','],
    ["'", '.'],
  ] as const);
  const plain = groups.join(between) + (draw(2) === 0 ? '' : point + two(draw(100)));
  const currency = one(draw, CURRENCIES);
  return draw(2) === 0 ? `${currency} ${plain}` : `${plain} ${currency}`;
}
function date(draw: Draw): string {
  const { y, m, d } = day(draw);
  const time = `${two(draw(24))}:${two(draw(60))}`;
  return one(draw, [
    `${y}-${m}-${d}`,
    `${d}.${m}.${y}`,
    `${d}/${m}/${y}`,
    `${m}/${d}/${y}`,
    `${d}-${m}-${y}`,
    `${y}/${m}/${d}`,
    `${d}.${m}.${String(y).slice(2)}`,
    `${y}-${m}-${d} ${time}`,
    `${y}${m}${d}`,
    `${d}.${m}.${y} ${time}`,
  ]);
}
const version = (draw: Draw): string =>
  one(draw, [
    `${draw(20)}.${draw(30)}.${draw(40)}`,
    `${draw(20)}.${draw(30)}.${draw(40)}.${draw(250)}`,
    `v${draw(20)}.${draw(30)}.${draw(40)}-rc.${draw(9)}`,
    `${draw(20)}.${draw(30)}.${draw(40)}+${hex(draw, 7)}`,
    `20${two(draw(30))}.${1 + draw(12)}.${draw(30)}`,
  ]);
const place = (draw: Draw): string =>
  one(draw, [
    '127.0.0.1',
    '127.0.0.1:8080',
    '0.0.0.0',
    '::1',
    '[::1]:443',
    'localhost:5432',
    '255.255.255.0',
    '255.255.0.0',
    '255.255.255.240',
    '255.255.255.255',
    '10.0.0.0/8',
    '192.168.0.0/16',
    '0.0.0.255',
    '224.0.0.1',
    '127.0.1.1',
    '127.0.0.53',
  ]);

interface Language {
  readonly sentences: readonly string[];
}
/** `{n}` a number of an order or the like, `{b}` one of which nothing is said, `{x}` a telephone's extension, `{d}` a date, `{a}` an amount, `{v}` a version, `{p}` this machine or a mask, `{u}` an id, `{s}` a small number. */
const LANGUAGES: Readonly<Record<string, Language>> = {
  en: {
    sentences: [
      'My order number is {n} and it has not arrived.',
      'Please look at ticket {n}, opened on {d}.',
      'Invoice {n} over {a} was due on {d}.',
      'Your account manager is at extension {x}, room {s}.',
      'The customer number on the form is {n}.',
      'We shipped {s} parcels; the tracking number is {n}.',
      'Upgrade from {v} to {v} before {d}.',
      'The total comes to {a}, of which {a} is tax.',
      'Case {n} was closed; see also {n}.',
      'The part with serial number {n} is {s} mm wide.',
      'Our call for papers {b} ends on {d}.',
      'Contact us about contract no. {n} until {d}.',
      'I am {s} years old and bought it for {a}.',
      'The patient room {s} has device id {n}.',
      'The draw {b} closes on {d}.',
      'Bind it to {p} and use netmask {p}.',
      'The record {u} was changed on {d}.',
      'Batch {n} has {s} items at {a} each.',
      'Booking reference {n}, {s} nights, {a}.',
      'In {d} the population was {a}; page {s} says {b}.',
    ],
  },
  de: {
    sentences: [
      'Meine Bestellnummer ist {n}, die Ware kam am {d} nicht an.',
      'Bitte sehen Sie sich Ticket {n} vom {d} an.',
      'Rechnung Nr. {n} über {a} war am {d} fällig.',
      'Sie erreichen die Buchhaltung unter Durchwahl {x}, Zimmer {s}.',
      'Die Kundennummer lautet {n}.',
      'Die Sendungsnummer ist {n}, Gewicht {s} kg.',
      'Version {v} ersetzt {v} seit {d}.',
      'Der Gesamtbetrag ist {a}, davon {a} Steuer.',
      'Vorgang {n} ist geschlossen, Aktenzeichen {n}.',
      'Das Gerät mit der Seriennummer {n} ist {s} mm breit.',
      'Ich bin {s} Jahre alt und habe {a} bezahlt.',
      'Artikelnummer {n}, Lager {s}, Preis {a}.',
      'Der Dienst hört auf {p}, Netzmaske {p}.',
      'Vertragsnummer {n} läuft bis {d}.',
      'Kontostand am {d}: {a}.',
      'Auftragsnummer {n} wurde am {d} verschickt.',
    ],
  },
  fr: {
    sentences: [
      'Mon numéro de commande est {n}, rien reçu depuis le {d}.',
      'Merci de regarder le ticket {n} du {d}.',
      'La facture {n} de {a} était due le {d}.',
      'La comptabilité est au poste {x}, bureau {s}.',
      'Le numéro de client est {n}.',
      'Numéro de suivi {n}, poids {s} kg.',
      'La version {v} remplace la {v} depuis le {d}.',
      'Le total est de {a}, dont {a} de taxe.',
      'Le dossier {n} est clos, référence {n}.',
      "L'appareil de numéro de série {n} mesure {s} mm.",
      "J'ai {s} ans et j'ai payé {a}.",
      'Le service écoute sur {p}, masque {p}.',
      'Le contrat numéro {n} expire le {d}.',
      'Compte rendu du {d}, page {s}, pièce {n}.',
    ],
  },
  es: {
    sentences: [
      'Mi número de pedido es {n} y no ha llegado desde el {d}.',
      'Por favor revise el caso {n} del {d}.',
      'La factura {n} de {a} vencía el {d}.',
      'Contabilidad está en la extensión {x}, sala {s}.',
      'El número de cliente es {n}, sin coste.',
      'Número de seguimiento {n}, peso {s} kg.',
      'La versión {v} sustituye a la {v} desde el {d}.',
      'El total es de {a}, sin contar {a} de impuestos.',
      'El expediente {n} está cerrado, referencia {n}.',
      'El aparato con número de serie {n} mide {s} mm.',
      'Tengo {s} años y pagué {a}.',
      'El servicio escucha en {p}, máscara {p}.',
      'Tenga en cuenta {b} lotes, sin fecha.',
      'Contacto comercial: contrato {n} hasta el {d}.',
    ],
  },
  it: {
    sentences: [
      "Il mio numero d'ordine è {n}, non è arrivato dal {d}.",
      'Guardi per favore il ticket {n} del {d}.',
      'La fattura {n} di {a} scadeva il {d}.',
      "La contabilità è all'interno {x}, stanza {s}.",
      'Il numero cliente è {n}.',
      'Numero di spedizione {n}, peso {s} kg.',
      'La versione {v} sostituisce la {v} dal {d}.',
      'Il totale è {a}, di cui {a} di imposte.',
      'La pratica {n} è chiusa, riferimento {n}.',
      "L'apparecchio con numero di serie {n} misura {s} mm.",
      'Ho {s} anni e ho pagato {a}.',
      'Il servizio ascolta su {p}, maschera {p}.',
      'Il vertice NATO del {d} costa {a}.',
    ],
  },
  pt: {
    sentences: [
      'O número do meu pedido é {n} e não chegou desde {d}.',
      'Veja por favor o chamado {n} de {d}.',
      'A nota fiscal {n} de {a} vencia em {d}.',
      'A contabilidade está no ramal {x}, sala {s}.',
      'O número de cliente é {n}, nas lojas desde {d}.',
      'Código de rastreio {n}, peso {s} kg.',
      'A versão {v} substitui a {v} desde {d}.',
      'O total é de {a}, dos quais {a} de impostos.',
      'O processo {n} está fechado, referência {n}.',
      'O aparelho com número de série {n} mede {s} mm.',
      'Tenho {s} anos e paguei {a}.',
      'O ano fiscal {s} fechou com {b} unidades.',
      'O serviço escuta em {p}, máscara {p}.',
    ],
  },
  nl: {
    sentences: [
      'Mijn bestelnummer is {n} en het kwam niet op {d}.',
      'Kijk alstublieft naar ticket {n} van {d}.',
      'Factuur {n} van {a} verviel op {d}.',
      'De boekhouding zit op toestel {x}, kamer {s}.',
      'Het klantnummer is {n}.',
      'Zendingnummer {n}, gewicht {s} kg.',
      'Versie {v} vervangt {v} sinds {d}.',
      'Het totaal is {a}, waarvan {a} belasting.',
      'Dossier {n} is gesloten, kenmerk {n}.',
      'Het apparaat met serienummer {n} is {s} mm breed.',
      'Ik ben {s} jaar oud en betaalde {a}.',
      'De dienst luistert op {p}, masker {p}.',
      'Contractnummer {n} loopt tot {d}.',
    ],
  },
  pl: {
    sentences: [
      'Mój numer zamówienia to {n}, nie dotarło od {d}.',
      'Proszę spojrzeć na zgłoszenie {n} z {d}.',
      'Faktura {n} na {a} była płatna {d}.',
      'Księgowość ma numer wewnętrzny {x}, pokój {s}.',
      'Numer klienta to {n}.',
      'Numer przesyłki {n}, waga {s} kg.',
      'Wersja {v} zastępuje {v} od {d}.',
      'Razem {a}, w tym {a} podatku.',
      'Identyfikator sprawy {n}, sygnatura {n}.',
      'Urządzenie o numerze seryjnym {n} ma {s} mm.',
      'Mam {s} lat i zapłaciłem {a}.',
      'Usługa słucha na {p}, maska {p}.',
    ],
  },
  tr: {
    sentences: [
      'Sipariş numaram {n}, {d} tarihinden beri gelmedi.',
      'Lütfen {d} tarihli {n} numaralı talebe bakın.',
      '{a} tutarındaki {n} numaralı fatura {d} günü ödenecekti.',
      'Muhasebe dahili {x}, oda {s}.',
      'Müşteri numarası {n}.',
      'Kargo takip numarası {n}, ağırlık {s} kg.',
      'Sürüm {v}, {d} tarihinden beri {v} yerine geçiyor.',
      'Toplam {a}, bunun {a} kadarı vergi.',
      'Seri numarası {n} olan cihaz {s} mm.',
      '{s} yaşındayım ve {a} ödedim.',
      'Türkiye deposu {b}, adet {s}.',
    ],
  },
  ru: {
    sentences: [
      'Номер моего заказа {n}, он не пришёл с {d}.',
      'Посмотрите, пожалуйста, заявку {n} от {d}.',
      'Счёт {n} на {a} нужно было оплатить {d}.',
      'Бухгалтерия: добавочный {x}, комната {s}.',
      'Номер клиента {n}.',
      'Номер отправления {n}, вес {s} кг.',
      'Версия {v} заменяет {v} с {d}.',
      'Итого {a}, из них {a} налог.',
      'Дело {n} закрыто, номер {b}.',
      'Прибор с серийным номером {n}, ширина {s} мм.',
      'Мне {s} лет, я заплатил {a}.',
      'Служба слушает {p}, маска {p}.',
    ],
  },
  ja: {
    sentences: [
      '注文番号は{n}です。{d}から届いていません。',
      '{d}のチケット{n}をご確認ください。',
      '請求書{n}、金額{a}、期限{d}。',
      '経理は内線{x}、{s}号室です。',
      'お客様番号は{n}です。',
      '追跡番号 {n}、重さ{s}kg。',
      'バージョン{v}は{d}から{v}に代わります。',
      '合計は{a}、うち税{a}です。',
      'シリアル番号{n}の装置は幅{s}mmです。',
      '私は{s}歳で、{a}払いました。',
      '日本の倉庫 {b}、数量{s}。',
    ],
  },
  zh: {
    sentences: [
      '我的订单号是{n},从{d}起还没到。',
      '请查看{d}的工单{n}。',
      '发票{n}金额{a},到期{d}。',
      '财务部分机{x},{s}号房间。',
      '客户编号为{n}。',
      '快递单号{n},重{s}公斤。',
      '版本{v}自{d}起取代{v}。',
      '合计{a},其中税{a}。',
      '序列号{n}的设备宽{s}毫米。',
      '我今年{s}岁,付了{a}。',
      '香港仓库 {b},数量{s}。',
    ],
  },
};

/** Records without a language: tables, logs, code. */
const RECORDS: readonly ((draw: Draw) => string)[] = [
  (draw) => `id,created,total\n${digits(draw, 9)},${date(draw)},${draw(9999)}.${two(draw(100))}`,
  (draw) => `${bare(draw)};${bare(draw)};${date(draw)};${amount(draw)}`,
  (draw) => `| ${bare(draw)} | ${date(draw)} | ${amount(draw)} |`,
  (draw) =>
    JSON.stringify({
      id: Number(digits(draw, 9 + draw(5))),
      ts: 1_500_000_000 + draw(500_000_000),
      order: number(draw),
    }),
  (draw) =>
    JSON.stringify({
      number: Number(digits(draw, 10)),
      text: 1_700_000_000_000 + draw(1_000_000),
      contact_id: bare(draw),
    }),
  (draw) =>
    `${date(draw)} INFO worker ${draw(99)}: took ${digits(draw, 3 + draw(8))} ns, request ${uuid(draw)}`,
  (draw) => `\`\`\`\nversion: ${version(draw)}\nsha256: ${hex(draw, 64)}\nid: ${uuid(draw)}\n\`\`\``,
  (draw) =>
    `\`\`\`yaml\nimage: registry/app:${version(draw)}\ndigest: sha256:${hex(draw, 64)}\nports: ["${digits(draw, 4)}:${digits(draw, 4)}"]\n\`\`\``,
  (draw) => `\`\`\`\nnumpy==${version(draw)}\npandas>=${version(draw)}\nrequests~=${version(draw)}\n\`\`\``,
  (draw) =>
    `\`\`\`xml\n<PackageReference Include="A.B" Version="${version(draw)}" />\n<version>${version(draw)}</version>\n\`\`\``,
  (draw) =>
    `\`\`\`ts\nconst LIMIT = ${digits(draw, 7 + draw(5))}; const seed = 0x${hex(draw, 8)}; // ${bare(draw)}\n\`\`\``,
  (draw) => `SELECT * FROM t WHERE id IN (${digits(draw, 9)}, ${digits(draw, 11)}, ${digits(draw, 13)})`,
  (draw) => `commit ${hex(draw, 40)}\nDate: ${date(draw)}\n\n    fix #${digits(draw, 4)}`,
  (draw) =>
    `${one(draw, [52, 48, 40])}.${digits(draw, 4 + draw(4))}, ${one(draw, [13, 2, 9])}.${digits(draw, 4 + draw(4))}`,
  (draw) =>
    `git clone ${one(draw, ['git', 'hg', 'git'])}@${one(draw, ['github.com', 'gitlab.example.org', 'code.corp.example'])}:org/repo-${draw(99)}.git`,
  (draw) =>
    `postgres://user:password@${one(draw, ['localhost', '127.0.0.1', 'localhost:5432'])}/app${draw(99)}`,
  (draw) =>
    `EAN ${one(draw, ['40', '50', '87', '30'])}${from(draw, '0123456789', 11)}, ISBN 978-3-${digits(draw, 2)}-${digits(draw, 6)}-${draw(10)}`,
  (draw) =>
    `${draw(60)}-${draw(60)}-${draw(60)}, ${two(1 + draw(49))}-${two(1 + draw(49))}-${two(1 + draw(49))}-${two(1 + draw(49))}-${two(1 + draw(49))}-${two(1 + draw(49))}`,
  (draw) =>
    `IMEI ${digits(draw, 15)}, MPN ${bare(draw)}, ULID 01${from(draw, '0123456789ABCDEFGHJKMNPQRSTVWXYZ', 24)}`,
  (draw) => `https://shop.example/o/${digits(draw, 10)}?ref=${digits(draw, 12)}&v=${version(draw)}`,
  (draw) => `build ${digits(draw, 4)}.${digits(draw, 4)}.${digits(draw, 4)} of ${date(draw)}`,
  (draw) => `logo@2x.png ${digits(draw, 3)} x ${digits(draw, 3)} px, ${digits(draw, 6)} bytes`,
];

/** Names of what {@link benignRecord} writes in. */
export const BENIGN_LANGUAGES = Object.keys(LANGUAGES);

/** One ordinary sentence or record. @param draw from {@link drawnFrom} */
export function benignRecord(draw: Draw): string {
  if (draw(4) === 0) return one(draw, RECORDS)(draw);
  const sentence = one(draw, LANGUAGES[one(draw, BENIGN_LANGUAGES)]!.sentences);
  return sentence.replaceAll(/\{([a-z])\}/g, (_whole, what: string) => {
    if (what === 'n') return number(draw);
    if (what === 'b') return bare(draw);
    if (what === 'x') return digits(draw, 3 + draw(3));
    if (what === 'd') return date(draw);
    if (what === 'a') return amount(draw);
    if (what === 'v') return version(draw);
    if (what === 'p') return place(draw);
    if (what === 'u') return uuid(draw);
    return String(2 + draw(98));
  });
}
