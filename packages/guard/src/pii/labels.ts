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

/** Where in a text the last label ends; -1 where there is none. @param labels with the flag `g` */
export function lastLabel(labels: RegExp, text: string): number {
  let end = -1;
  for (const { index, 0: label } of text.matchAll(labels)) end = index + label.length;
  return end;
}

/** What stands before a number on its line, as far as it may say what the number is. @param reach in characters */
export function lineBefore(text: string, at: number, reach = BEFORE): string {
  const before = text.slice(Math.max(0, at - reach), at);
  const end = lastLabel(BREAK, before);
  return end < 0 ? before : before.slice(end);
}

/** Characters between such a label and a number that need no other word: `is`, `lautet`, a colon. */
const LABEL_REACH = 20;
/** Where the label follows its number. */
const OTHER_BEHIND = /^[ '’]{0,2}(?:numaralı|nolu|no['’]?lu|号|番)/u;

/** Whether the words next to a number say that it is of an order, a thing or a case. */
export function isOfThing(text: string, start: number, end: number): boolean {
  const line = lineBefore(text, start);
  const label = lastLabel(OTHER_NUMBER, line);
  return (
    (label >= 0 && line.length - label <= LABEL_REACH) || OTHER_BEHIND.test(text.slice(end, end + AFTER))
  );
}

/** Whether words say what a number is: of those before it the nearest count. @param words with the flag `g` */
export function near(text: string, start: number, end: number, words: RegExp): boolean {
  const line = lineBefore(text, start);
  const other = lastLabel(OTHER_NUMBER, line);
  const said = lastLabel(words, line);
  if (said >= 0) return said > other;
  return other < 0 && lastLabel(words, text.slice(end, end + AFTER).split(/[\n;|]/, 1)[0]!) >= 0;
}
