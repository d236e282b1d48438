/** Accounts of machines, which tell of no one who logs in with them. */
const MACHINE_USERS = new Set(
  'git hg svn deploy root admin ubuntu debian centos ec2-user azureuser core pi vagrant www-data jenkins runner ci'.split(
    ' ',
  ),
);

/** Whether an account is one of a machine. */
export const isMachineUser = (local: string): boolean =>
  MACHINE_USERS.has(local.toLowerCase()) || /^org-\d{1,12}$/.test(local);

/** What a mailbox is called that belongs to a function and to no person (RFC 2142, and the same in other languages). */
const ROLE = new Set(
  [
    'abuse accounting accounts admin administrator billing booking bookings bounce bounces careers care ceo-office compliance contact',
    'customer customercare customers customerservice customersupport daemon desk dpo enquiries enquiry events feedback finance frontdesk',
    'hello help helpdesk hi hosting hostmaster hr info information inquiries invoice invoices it jobs legal mail mailer marketing media',
    'network newsletter news no noc noreply notification notifications notify donotreply office ops order orders postmaster press privacy',
    'pr recruiting reply reservations returns root sales security service services shop status subscribe subscriptions support sysadmin',
    'team tech techsupport ticket tickets training unsubscribe webmaster welcome',
    'anfrage auskunft bestellung bewerbung buchhaltung datenschutz hilfe impressum kontakt kundendienst kundenservice presse rechnung',
    'redaktion reservierung service verkauf vertrieb verwaltung zentrale',
    'accueil aide commandes comptabilite recrutement reservation serviceclient ventes',
    'administracion atencion atencioncliente ayuda clientes contacto facturacion pedidos reservas soporte ventas',
    'amministrazione assistenza clienti contatti contatto fatture informazioni ordini prenotazioni supporto vendite',
    'ajuda atendimento contato contacto faturamento suporte vendas',
    'bestellingen hulp klantenservice verkoop biuro kontakt pomoc sprzedaz zamowienia kundtjanst destek iletisim bilgi satis',
  ]
    .join(' ')
    .split(' '),
);

/** Whether a mailbox belongs to a function: `support`, `customer.service`, `no-reply+orders`. */
export const isRole = (local: string): boolean =>
  local
    .toLowerCase()
    .replace(/\+.*/s, '')
    .split(/[._-]/)
    .every((part) => ROLE.has(part));
