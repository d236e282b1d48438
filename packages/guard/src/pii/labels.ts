/** Characters before a number in which words may say what it is, and behind it. */
const BEFORE = 48;
const AFTER = 24;
/** What ends that: a line, a cell of a table, a sentence. */
const BREAK = /[\n\r;|?!。！？]|\p{L}{4}\. /gu;

/** Words for what is numbered and is no person, by language; with `number` or the like behind them or without. */
const NUMBERED: readonly string[] = [
  'orders?|tickets?|invoices?|cases?|contracts?|track(?:ing|er)|parcels?|shipments?|serial|ref(?:erence|\\.)?|bookings?|reservations?',
  'customer (?:id|number|no|ref)|client (?:id|number|no)|articles?|items?|parts?|batch|lots?|devices?|assets?|versions?|builds?|releases?',
  'sku|models?|isbn|issn|ean|imei|mpn|upc|asin|gtin|transactions?|purchases?|po|receipts?|coupons?|vouchers?|requests?|issues?|records?',
  'bestell\\p{L}*|auftrags?\\p{L}*|rechnungs?\\p{L}*|kundennummer|kunden-?(?:nr|id)|sendungs?\\p{L}*|serien\\p{L}*|artikel\\p{L}*|vorgangs?\\p{L}*',
  'aktenzeichen|vertrags?\\p{L}*|beleg\\p{L}*|buchungs?\\p{L}*|angebots?\\p{L}*|lieferung\\p{L}*|liefer(?:schein)?nummer|material\\p{L}*',
  'commandes?|factures?|dossiers?|contrats?|suivi|(?:de|n°) série|références?|num[eé]ro (?:de )?client|pièces?|lots?|réservations?|colis|bons?',
  'pedidos?|facturas?|expedientes?|casos?|contratos?|seguimiento|serie|referencias?|n[uú]mero de cliente|piezas?|lotes?|reservas?|env[ií]os?',
  'ordin[ei]|fattur[ae]|pratic(?:a|he)|contratt[oi]|spedizion[ei]|numero cliente|riferiment[oi]|articol[oi]|lott[oi]|prenotazion[ei]',
  'notas? fisca(?:l|is)|faturas?|chamados?|processos?|rastreio|referências?|n[uú]mero de série|encomendas?|artigos?',
  'bestel\\p{L}*|factu(?:ur|ren)\\p{L}*|klantnummer|zending\\p{L}*|kenmerk|contract\\p{L}*|artikelnummer|serienummer|bonnummer',
  'beställnings?\\p{L}*|ordernummer|fakturanummer|ärende\\p{L}*|kundnummer|faktura\\p{L}*|sag(?:snummer)|bestilling\\p{L}*|tilausnumero',
  'zamówieni\\p{L}*|faktur\\p{L}*|zgłoszeni\\p{L}*|numer klienta|przesyłk\\p{L}*|seryjn\\p{L}*|spraw\\p{L}*|sygnatur\\p{L}*|umow\\p{L}*',
  'sipariş\\p{L}*|fatura\\p{L}*|talep\\p{L}*|müşteri numara\\p{L}*|kargo|takip|seri|sözleşme\\p{L}*|sürüm',
  'objednávk\\p{L}*|zákazk\\p{L}*|comanda|comenzii|rendelés\\p{L}*|számla\\p{L}*|παραγγελ\\p{L}*|τιμολόγ\\p{L}*',
  'заказ\\p{L}*|заявк\\p{L}*|сч[её]т\\p{L}*|номер клиента|отправлени\\p{L}*|серийн\\p{L}*|дел[оау]|договор\\p{L}*|накладн\\p{L}*|артикул\\p{L}*',
  'замовлення|рахун(?:ок|ку)|طلب|فاتورة|تذكرة|הזמנה|חשבונית|ऑर्डर|चालान|đơn hàng|hóa đơn|pesanan|faktur',
];
/** The same where words are not set apart. */
const NUMBERED_UNSPACED =
  '注文|チケット|請求|お客様番号|顧客番号|追跡|シリアル|伝票|契約|予約|品番|型番|バージョン|製造番号|订单|訂單|工单|工單|发票|發票|客户编号|客戶編號|快递|快遞|单号|單號|序列号|序號|合同|版本|编号|編號|주문|송장|시리얼|계약|예약';

/**
 * Words that say that a number is of an order, a thing or a case. What may stand between them and the number belongs to
 * them, so that the `id` of `order id` tells of no document.
 */
export const OTHER_NUMBER = new RegExp(
  `(?<![\\p{L}\\d])(?:${NUMBERED.join('|')})(?![\\p{L}])(?:[ _-]?(?:id|number|no|nr|num|n[uú]m[eé]ro|nummer|numer|numara\\p{L}*|номер|code|key)(?![\\p{L}])){0,2}|(?:${NUMBERED_UNSPACED})`,
  'giu',
);

/** Where the words stand that tell of numbers in one text: each kind is looked for once, however many numbers there are. */
class Labels {
  readonly text: string;
  readonly #found = new Map<RegExp, { readonly starts: number[]; readonly ends: number[] }>();

  constructor(text: string) {
    this.text = text;
  }

  #of(words: RegExp): { readonly starts: number[]; readonly ends: number[] } {
    const known = this.#found.get(words);
    if (known) return known;
    const found = { starts: [] as number[], ends: [] as number[] };
    words.lastIndex = 0;
    for (let match = words.exec(this.text); match; match = words.exec(this.text)) {
      found.starts.push(match.index);
      found.ends.push(words.lastIndex);
    }
    this.#found.set(words, found);
    return found;
  }

  /** Where the last of them ends that stands between two places; -1 where none does. */
  last(words: RegExp, from: number, to: number): number {
    const { starts, ends } = this.#of(words);
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ends[middle]! <= to) low = middle + 1;
      else high = middle;
    }
    return low > 0 && starts[low - 1]! >= from ? ends[low - 1]! : -1;
  }
}

let labels = new Labels('');
/** The words of the text that is looked at; kept, since its numbers come one after the other. */
function labelsOf(text: string): Labels {
  if (labels.text !== text) labels = new Labels(text);
  return labels;
}

/** Where what is said before a number begins: its line, its cell of a table, its sentence. @param reach in characters */
export function lineStart(text: string, at: number, reach = BEFORE): number {
  const from = Math.max(0, at - reach);
  return Math.max(from, labelsOf(text).last(BREAK, from, at));
}

/** Where the last word of a kind ends that stands between two places of a text; -1 where none does. @param words with the flag `g` */
export const lastLabel = (text: string, words: RegExp, from: number, to: number): number =>
  labelsOf(text).last(words, from, to);

/** Characters between such a label and a number that need no other word: `is`, `lautet`, a colon. */
const LABEL_REACH = 20;
/** Where the label follows its number. */
const OTHER_BEHIND = /^[ '’]{0,2}(?:numaralı|nolu|no['’]?lu|号|番)/u;

/** Whether the words next to a number say that it is of an order, a thing or a case. */
export function isOfThing(text: string, start: number, end: number): boolean {
  const label = lastLabel(text, OTHER_NUMBER, lineStart(text, start), start);
  return (label >= 0 && start - label <= LABEL_REACH) || OTHER_BEHIND.test(text.slice(end, end + AFTER));
}

/** Whether words say what a number is: of those before it the nearest count. @param words with the flag `g` */
export function near(text: string, start: number, end: number, words: RegExp): boolean {
  const from = lineStart(text, start);
  const said = lastLabel(text, words, from, start);
  const other = lastLabel(text, OTHER_NUMBER, from, start);
  if (said >= 0) return said > other;
  if (other >= 0) return false;
  const behind = text.slice(end, end + AFTER).search(/[\n;|]/);
  return lastLabel(text, words, end, behind < 0 ? end + AFTER : end + behind) >= 0;
}
