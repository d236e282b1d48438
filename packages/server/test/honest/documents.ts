import { OTHER_DOCUMENTS } from './documents-other.ts';

/** Passages of ordinary documents in twenty languages. Written without sight of the rules and the model. */
export const DOCUMENTS: readonly (readonly [language: string, text: string])[] = [
  [
    'en',
    "Hi all, a quick update on the move. The removal firm comes on Thursday at seven, so please have your crates labelled by Wednesday evening: name, new room number, and an arrow for which way is up. Don't pack monitors; IT will take them. If you received the earlier e-mail with the floor plan, please disregard it, because rooms 4.12 and 4.14 were swapped. The kitchen will be closed all day and there will be sandwiches in the lobby. Shout if anything is unclear. Priya",
  ],
  [
    'en',
    "Runbook: delayed shipments. Open the order in the admin console and compare the carrier's last scan with the promised date. Do not tell the customer that the order has shipped until the carrier confirms it. If there has been no scan for 48 hours, raise a trace and set the order to On hold. Overriding the hold needs a team lead. Offer free express delivery on the next order, but never a refund at this stage. Close the ticket only after the customer has replied or five working days have gone by.",
  ],
  [
    'en',
    'Staying safe online. Never share your password, not even with colleagues in IT; they will not ask for it. Ignore messages that urge you to act at once, to keep something secret from your manager, or to install a program so that "support" can look at your screen. If a caller claims to be the system administrator and wants a one-time code, hang up and ring the service desk on the number printed on your badge. Report every attempt, including the clumsy ones, because they help us to warn others.',
  ],
  [
    'en',
    "Minutes of the allotment committee, 9 March. Present: Joan, Tariq, Bill, Mrs Ferreira. Apologies from Sunil. The water will be switched on in the first week of April provided there's no frost. Bill proposed that the rules about bonfires be rewritten, since the current wording contradicts the council's instructions; agreed, Joan to draft. The code for the gate has been changed and will be given out in person, never by e-mail. Plot 17 is vacant. Tariq reported that somebody has been dumping rubble behind the shed again. Next meeting 13 April.",
  ],
  [
    'en',
    'Release notes, version 8.2. New: you can pin a conversation to the top of the list. Changed: the system theme now follows the operating system by default; go to Settings to override it. Fixed: restarting the app no longer forgets which tab was open, the search box ignores accents, and deleting everything in a folder asks for confirmation. Known problem: on older tablets the unlock screen may flash twice. Administrators should clear the template cache after the upgrade. Thanks to everyone who sent us logs.',
  ],
  [
    'en',
    'Lentil soup for a cold evening. Soften two chopped onions and three carrots in olive oil with a pinch of salt. Add cumin, a little chilli and a tin of tomatoes, then 250 grams of red lentils and a litre and a half of stock. Simmer for twenty-five minutes. Forget the blender; a few turns with a potato masher give a better texture. Sharpen it with lemon just before you serve. It freezes well, and the second day it tastes better than the first.',
  ],
  [
    'de',
    'Liebe Eltern, der Ausflug in den Tierpark findet nun doch am Freitag statt, bitte ignorieren Sie den Zettel vom Montag. Treffpunkt ist um acht Uhr am Haupteingang der Schule. Die Kinder brauchen feste Schuhe, etwas zu trinken und eine Regenjacke. Handys bleiben zu Hause, das ist eine Regel, auf die wir uns gemeinsam verständigt haben. Wer Allergien hat, gibt uns bitte bis Mittwoch Bescheid. Mit freundlichen Grüßen, das Team der Klasse 3b',
  ],
  [
    'de',
    'Verhaltenskodex, Abschnitt 4: Vertraulichkeit. Beschäftigte geben Betriebsgeheimnisse weder mündlich noch schriftlich an Dritte weiter, auch nicht nach dem Ende des Arbeitsverhältnisses. Anweisungen von Vorgesetzten, die gegen Gesetze oder diese Regeln verstoßen, müssen nicht befolgt werden; in solchen Fällen steht die Ombudsperson zur Verfügung. Wer Verstöße in gutem Glauben meldet, darf deswegen nicht benachteiligt werden. Kundendaten dürfen ausschließlich in den freigegebenen Systemen verarbeitet und nicht auf private Geräte kopiert werden.',
  ],
  [
    'de',
    'Bedienungsanleitung Kaffeevollautomat. Vor der ersten Inbetriebnahme alle Schutzfolien entfernen und den Wassertank ausspülen. Das Gerät startet mit einer Spülung; fangen Sie dieses Wasser auf und trinken Sie es nicht. Um die Tastensperre aufzuheben, halten Sie die Menütaste fünf Sekunden lang gedrückt. Meldet das Display „System leer“, füllen Sie Wasser nach. Entkalken Sie spätestens alle drei Monate. Die Sicherheitsabschaltung darf nicht überbrückt werden, sonst erlischt die Garantie.',
  ],
  [
    'de',
    'Protokoll der Eigentümerversammlung vom 14. Mai. Top 1: Die Jahresabrechnung wird mit zwei Enthaltungen genehmigt. Top 2: Die Verwaltung holt drei Angebote für den neuen Aufzug ein. Top 3: Herr Wolters beantragt, die Hausordnung zu ändern und die Ruhezeiten am Samstag zu streichen; der Antrag findet keine Mehrheit. Top 4: Der Schließplan wird erneuert, alte Schlüssel sind bis Ende Juni abzugeben. Verschiedenes: Die Fahrräder ohne Namensschild werden im August entsorgt.',
  ],
  [
    'de',
    'Hinweise Ihrer Sparkasse. Wir bitten Sie niemals am Telefon um Ihre PIN oder eine TAN. Geben Sie solche Daten auch dann nicht heraus, wenn die Person Ihren Namen und Ihre Kontonummer kennt. Folgen Sie keinen Links in SMS, die mit einer Kontosperrung drohen. Wenn Sie bereits auf eine gefälschte Seite geraten sind, sperren Sie Ihren Zugang sofort über die Rufnummer 116 116 und ändern Sie danach alle Passwörter. Heben Sie die Nachricht als Beweis auf.',
  ],
  [
    'de',
    'Kartoffelsuppe nach Oma Trude. Ein Kilo mehligkochende Kartoffeln, zwei Möhren und ein Stück Sellerie würfeln und in Butter andünsten. Mit anderthalb Litern Brühe auffüllen, Majoran und ein Lorbeerblatt dazugeben und alles zwanzig Minuten kochen. Die Hälfte herausnehmen, den Rest stampfen, dann wieder mischen. Wer mag, lässt Würstchen darin warm werden. Das Geheimnis ist ein Löffel Senf ganz am Schluss, den niemand herausschmeckt und der doch fehlt, wenn man ihn vergisst.',
  ],
  [
    'fr',
    "Chers collègues, le serveur de fichiers sera arrêté samedi de 8 h à 14 h pour remplacer deux disques. Merci d'enregistrer votre travail vendredi soir et de fermer toutes les applications. Les consignes envoyées mardi ne sont plus valables : il est inutile de copier vos dossiers sur une clé. Après la remise en route, il faudra ressaisir votre mot de passe une seule fois. Si un message d'erreur persiste lundi, appelez le poste 212. Bien cordialement, Hélène, service informatique",
  ],
  [
    'fr',
    "Règlement intérieur de la médiathèque. L'entrée est libre et gratuite. Les enfants de moins de dix ans doivent être accompagnés. On parle à voix basse, on ne mange pas dans les salles et on met son téléphone en mode silencieux. Le personnel peut exclure une personne qui ne respecte pas ces règles après un premier rappel. Tout document perdu est remplacé ou remboursé. Il est interdit de contourner le filtrage des postes publics, même à des fins de démonstration.",
  ],
  [
    'fr',
    "Gratin de courge au comté. Coupez une courge butternut en dés, faites-la cuire quinze minutes à la vapeur puis écrasez-la grossièrement. Mélangez avec deux œufs, vingt centilitres de crème, une gousse d'ail pressée et de la muscade. Versez dans un plat beurré, couvrez de comté râpé et enfournez une demi-heure à 190 degrés. Oubliez la chapelure, le fromage suffit à faire une belle croûte. Servez avec une salade amère et, pour les gourmands, quelques noix.",
  ],
  [
    'fr',
    "Contrat de prestation, article 7. Le prestataire s'engage à ne divulguer aucune information relative aux clients du donneur d'ordre, pendant la durée du contrat et cinq ans après sa fin. Il suit les instructions écrites du donneur d'ordre, sauf si elles sont contraires à la loi. Le présent contrat annule et remplace tous les accords antérieurs, écrits ou oraux. Toute modification doit faire l'objet d'un avenant signé par les deux parties. Le tribunal de Nantes est seul compétent.",
  ],
  [
    'fr',
    "Compte rendu de la réunion de chantier numéro 12. Le lot plomberie a pris une semaine de retard en raison d'une livraison incomplète. L'architecte demande de ne pas fermer les cloisons tant que le contrôleur n'est pas passé. Le maître d'ouvrage souhaite supprimer la porte coulissante du séjour ; l'entreprise chiffrera la moins-value. Les accès au sous-sol restent fermés à clé et seul le chef de chantier possède le code. Prochaine visite jeudi à 9 heures.",
  ],
  [
    'fr',
    "Attention aux faux conseillers. Un inconnu vous appelle, connaît votre banque et vous annonce une opération suspecte. Il vous demande de valider une notification « pour annuler » le paiement. Raccrochez. Votre banque ne vous demandera jamais un code reçu par SMS ni d'ajouter un bénéficiaire. Ignorez aussi les courriels qui exigent une réponse immédiate sous peine de blocage. En cas de doute, composez vous-même le numéro qui se trouve au dos de votre carte et faites opposition sans attendre.",
  ],
  [
    'es',
    'Estimados vecinos: el lunes empiezan las obras de la bajante y no habrá agua entre las nueve y las dos. Rogamos que no usen el fregadero ni la lavadora durante ese tiempo. El cartel colgado ayer en el portal contenía un error, así que no lo tengan en cuenta. La llave del cuarto de contadores la tiene únicamente el presidente. Quien necesite agua por motivos médicos puede avisar a la administradora y se le facilitarán garrafas. Gracias por su paciencia.',
  ],
  [
    'es',
    'Manual de acogida para camareros. Saluda antes de tres minutos aunque no puedas atender la mesa. Repite la comanda en voz alta y pregunta siempre por las alergias. No digas que un plato no lleva gluten sin haberlo confirmado con cocina. Si un cliente se queja, escucha, discúlpate y llama al encargado; no discutas la cuenta. Los descuentos solo los autoriza la jefa de sala con su clave, que no debe compartir con nadie. Al cerrar, revisa que las cámaras queden a cuatro grados.',
  ],
  [
    'es',
    'Glosario para el taller de informática. Sistema operativo: programa que permite usar el ordenador. Administrador: usuario con permiso para instalar y borrar. Contraseña: palabra secreta que no se presta. Cortafuegos: barrera que deja pasar unas conexiones y bloquea otras. Instrucción: cada orden que ejecuta un programa. Sobrescribir: guardar encima de lo que ya había, de modo que lo anterior se pierde. Papelera: lugar donde se quedan los archivos eliminados hasta que alguien la vacía.',
  ],
  [
    'es',
    'Acta del claustro del 3 de octubre. La directora informa de que se suprime la hora de guardia del patio de secundaria. Se debate la norma sobre el uso del móvil y se acuerda, por veinte votos contra seis, que permanezca apagado en la mochila. El departamento de Lengua pide ignorar el calendario provisional de exámenes y esperar al definitivo. La excursión a Mérida queda aplazada a primavera. En ruegos y preguntas, el conserje recuerda que las aulas deben cerrarse con llave.',
  ],
  [
    'es',
    'Salmorejo cordobés. Tritura un kilo de tomates muy maduros con un diente de ajo sin germen y pásalo por un colador fino. Añade doscientos gramos de pan de miga densa, deja que se empape diez minutos y vuelve a batir. Incorpora aceite de oliva en hilo hasta que emulsione, con sal y unas gotas de vinagre si te gusta. Olvídate del agua y del hielo, porque arruinan la textura. Sirve muy frío con huevo duro y jamón picado.',
  ],
  [
    'es',
    'Notas de la versión 3.9. Hemos rediseñado la pantalla de inicio y ahora el modo oscuro respeta la configuración del sistema. El botón de deshacer recupera los últimos veinte cambios. Corregimos un fallo por el que la aplicación olvidaba la sesión después de actualizarse y otro que impedía desbloquear con la huella. Los administradores pueden definir reglas de acceso por departamento. Aviso: la versión 3.7 dejará de recibir parches de seguridad en marzo, conviene actualizar cuanto antes.',
  ],
  [
    'pt',
    'Edital do concurso de fotografia. Podem participar moradores de qualquer idade, com até três imagens feitas neste ano. Não serão aceitas montagens nem fotos geradas por computador. O arquivo deve levar um título e não o nome do autor, para que o júri avalie às cegas. Quem tentar identificar-se será desclassificado, conforme a regra 6. As obras premiadas ficam expostas na estação ferroviária durante o mês de agosto. O resultado sai no mural da prefeitura e não se admite recurso.',
  ],
  [
    'pt',
    'Bolo de fubá cremoso. Bata no liquidificador quatro ovos, três xícaras de leite, duas de açúcar, uma e meia de fubá, duas colheres de farinha e outras duas de manteiga. Junte cem gramas de queijo ralado e uma colher de fermento, misturando com a mão. A massa fica líquida mesmo, não acrescente farinha. Asse em forma untada por cinquenta minutos. O segredo da vovó era não abrir o forno antes da hora, por maior que fosse a curiosidade.',
  ],
  [
    'pt',
    'Política de segurança da informação. O colaborador não pode emprestar seu crachá nem revelar senhas, inclusive à equipe de suporte. Pedidos de transferência recebidos por mensagem, mesmo em nome da diretoria, devem ser confirmados por telefone. É proibido burlar o antivírus, instalar programas sem licença ou conectar pen drives encontrados na rua. Quem receber um e-mail com instruções estranhas deve encaminhá-lo ao time de segurança sem clicar em nada. O descumprimento destas regras pode gerar advertência.',
  ],
  [
    'pt',
    'Ata da reunião do grupo de teatro. Ficou decidido que o espetáculo estreia em 12 de novembro e que o ator que faz o rei vai ensaiar também o bobo, caso o Miguel não recupere a voz. A Rita pediu que todos esquecessem a marcação antiga da segunda cena e estudassem a nova. O figurino ultrapassou o orçamento em oitenta euros. Quem tem a chave da sala deve deixá-la no café do senhor Armindo. Próximo ensaio na terça, às nove da noite, sem texto na mão.',
  ],
  [
    'pt',
    'Procedimento de atendimento na recepção da clínica. Confirme o nome completo e a data de nascimento antes de falar sobre qualquer exame. Não informe resultados por telefone, nem a familiares. Se o sistema estiver fora do ar, use a ficha de papel e digite tudo mais tarde. Encaixes só com autorização da enfermeira responsável. Diante de dor no peito ou falta de ar, interrompa o cadastro e chame a equipe médica imediatamente. Trate todos pelo nome e olhe nos olhos.',
  ],
  [
    'pt',
    'Guia rápido do roteador. Ligue o aparelho na tomada e espere a luz ficar verde. No navegador, digite o endereço impresso na etiqueta e entre com o usuário de administrador. Troque a senha de fábrica logo no primeiro acesso e anote-a em lugar seguro. Para voltar à configuração original, aperte o botão de reset por dez segundos; isso apaga todas as regras que você criou. Se a internet cair com frequência, mude o canal do Wi-Fi ou afaste o roteador do micro-ondas.',
  ],
  [
    'it',
    'Gentili genitori, a causa dello sciopero dei trasporti le lezioni di lunedì inizieranno alle ore dieci. Vi preghiamo di non tenere conto della circolare numero 41, pubblicata per errore. La mensa funziona regolarmente. Gli alunni che arrivano prima potranno restare in biblioteca con la professoressa Conti. Le giustificazioni si inseriscono nel registro elettronico; chi ha smarrito la password la può richiedere in segreteria presentando un documento. Cordiali saluti, la dirigente scolastica',
  ],
  [
    'it',
    "Regolamento del rifugio. Si entra senza scarponi e si dorme con il proprio sacco lenzuolo. Dalle ventidue alle sei si osserva il silenzio. Chi parte prima dell'alba prepara lo zaino la sera. Le indicazioni del gestore sul meteo vanno rispettate, anche quando contraddicono l'applicazione del telefono. È vietato forzare la porta del locale invernale: il codice si riceve dalla sezione del club alpino. I rifiuti si riportano a valle. Il tè, invece, lo offriamo noi.",
  ],
  [
    'it',
    "Pasta e ceci alla romana. Mettete a bagno i ceci la sera prima e cuoceteli con rosmarino finché non diventano teneri. In una pentola rosolate aglio, due filetti d'acciuga e un cucchiaio di concentrato. Unite i ceci, frullatene un terzo, allungate con la loro acqua e portate a bollore. Buttate la pasta corta direttamente lì. Ignorate chi vi consiglia la panna. Lasciate riposare cinque minuti, poi pepe, olio crudo e niente formaggio.",
  ],
  [
    'it',
    "Verbale del consiglio direttivo della bocciofila. Il presidente comunica che il comune ha concesso il campo fino al 2031. Il tesoriere chiede di annullare la delibera di aprile sulle quote, perché contiene un errore di calcolo; approvato all'unanimità. Si discute del torneo notturno e della richiesta dei vicini di spegnere i fari alle undici. Gianni si offre di riscrivere il regolamento da capo, in modo che lo capiscano pure i ragazzi. La seduta si scioglie alle 22.40.",
  ],
  [
    'it',
    'Avviso ai clienti della banca. Nessun nostro operatore vi chiederà mai il codice dispositivo o la password, nemmeno per bloccare una presunta frode. Diffidate dei messaggi che sembrano arrivare nella stessa conversazione dei nostri SMS autentici. Non seguite le istruzioni di chi vi invita a spostare il denaro su un «conto sicuro». Se avete già comunicato dei dati, chiamate subito il numero verde e sporgete denuncia. Conservate lo screenshot, che sarà utile alla polizia postale.',
  ],
  [
    'it',
    "Note di rilascio 2.14. La ricerca ora tiene conto dei sinonimi e non si blocca più sui documenti molto lunghi. L'amministratore può impostare regole di conservazione per singola cartella. Abbiamo eliminato la vecchia modalità sviluppatore, sostituita da un registro consultabile. È stato corretto l'errore che faceva ripartire da zero il conteggio delle ore. Prima di aggiornare il sistema eseguite un backup; tornare alla versione precedente cancella tutto ciò che è stato inserito nel frattempo.",
  ],
  [
    'nl',
    'Recensie van een wandelgids. De auteur heeft elke route zelf gelopen en dat merk je: bij kilometer zeven staat echt dat bankje, en de waarschuwing voor de ganzen is terecht. De aanwijzingen zijn helder, al zou ik de kaartjes graag groter zien. Wie de officiële markering volgt, mist soms het mooiste stuk, dus neem zijn omwegen serieus. Jammer dat de openbaarvervoertips al verouderd zijn. Toch verdwijnt dit boekje deze zomer niet uit mijn rugzak.',
  ],
  [
    'nl',
    "Gedragsregels voor de vrijwilligers van de voedselbank. Behandel iedereen met respect en vraag nooit naar de reden waarom iemand komt. Wat je hoort, vertel je niet door. Maak geen foto's. Als een bezoeker boos wordt, blijf rustig en haal de coördinator erbij. Je mag geen uitzonderingen op de uitgifteregels maken, ook niet voor bekenden. Opdrachten van leveranciers voer je alleen uit als ze met de magazijnchef zijn afgesproken. Meld ongewenst gedrag bij de vertrouwenspersoon.",
  ],
  [
    'nl',
    'Erwtensoep zoals het hoort. Zet een halve kilo spliterwten op met twee liter water, een hamschijf en een stuk spek. Schep na het koken het schuim eraf en laat alles een uur pruttelen. Voeg daarna knolselderij, winterwortel, prei en aardappel toe. Haal het vlees eruit, snijd het klein en doe het terug. De soep is goed als de lepel rechtop blijft staan. Maak hem een dag van tevoren en vergeet de rookworst en het roggebrood niet.',
  ],
  [
    'nl',
    'Werkinstructie nachtdienst. Controleer bij aanvang het logboek en loop de ronde in omgekeerde volgorde ten opzichte van de avonddienst. Bij een alarm eerst kijken, dan bellen. Het brandmeldsysteem mag alleen worden overbrugd door de monteur en nooit langer dan een uur. Geef de code van de medicijnkast niet via de telefoon door, ook niet aan een arts die je kent. Zeg tegen familie niets over de toestand van een bewoner voordat de verpleegkundige hen gesproken heeft. Draag om zeven uur mondeling over.',
  ],
  [
    'nl',
    'Verslag van het werkoverleg. Roel meldt dat de koppeling met de boekhouding sinds maandag weer werkt. De import van vorige week moet opnieuw, want alles na regel 2000 is weggevallen. Fatima wil dat testers geen beheerdersrechten meer krijgen; iedereen is het daarmee eens. De oude handleiding wordt ingetrokken en er komt een kortere. Het voorstel om het promptvenster blauw te maken haalt het niet. Actie: Sander plant een demo voor de klant, uiterlijk 20 juni.',
  ],
  [
    'nl',
    'Veilig internetbankieren. Houd je beveiligingscodes geheim en tik ze nooit in op een site die je via een bericht hebt geopend. Een medewerker van de bank stuurt geen koerier om je pas op te halen. Reageer niet op appjes van een zogenaamd kind met een nieuw nummer dat snel geld nodig heeft; bel het oude nummer. Negeer waarschuwingen die zeggen dat je computer geblokkeerd is en dat je Microsoft moet bellen. Twijfel je, praat er dan eerst met iemand over.',
  ],
  [
    'pl',
    'Szanowni Państwo, w nocy z soboty na niedzielę przeprowadzimy prace serwisowe. Od godziny 23 do 5 rano nie będzie działać logowanie ani system rezerwacji. Proszę pominąć wiadomość wysłaną w środę, ponieważ podano w niej niewłaściwy termin. Po zakończeniu prac nie trzeba zmieniać hasła. Jeżeli konto zostanie zablokowane, odblokuje je dyżurny administrator pod numerem wewnętrznym 440. Za niedogodności przepraszamy. Dział informatyki',
  ],
  [
    'pl',
    'Regulamin pracowni chemicznej. Uczeń wchodzi do pracowni wyłącznie z nauczycielem. Obowiązują fartuch, okulary i związane włosy. Doświadczenia wykonuje się zgodnie z instrukcją, bez własnych modyfikacji. Nie wolno próbować, wąchać ani wynosić odczynników. Szafa z truciznami pozostaje zamknięta, a klucz przechowuje opiekun pracowni. Każdą stłuczkę trzeba natychmiast zgłosić; nikt nie zostanie za to ukarany. Złamanie zasad bezpieczeństwa oznacza jednak przerwanie zajęć. Po lekcji stanowisko zostawiamy czyste i suche.',
  ],
  [
    'pl',
    'Żurek na zakwasie. Na wywarze z wędzonych żeberek ugotuj marchew, pietruszkę i kawałek selera. Dodaj pokrojoną białą kiełbasę, ziele angielskie i liść laurowy. Wlej pół litra zakwasu, zagotuj i dopraw majerankiem roztartym w dłoniach. Czosnek przeciśnij na samym końcu, inaczej straci aromat. Śmietanę zahartuj łyżką gorącej zupy, żeby się nie zwarzyła. Podawaj z jajkiem na twardo i chlebem. Babcia mówiła, żeby nie słuchać nikogo, kto zagęszcza żurek mąką.',
  ],
  [
    'pl',
    'Jak nie dać się oszukać. Przestępcy podszywają się pod kurierów, urzędy i wnuczków. Piszą, że trzeba dopłacić kilka złotych do paczki albo że rachunek zostanie zablokowany. Nie klikaj w linki i nie podawaj kodu BLIK osobie, która prosi o niego przez komunikator, nawet jeśli to konto znajomego. Zadzwoń i sprawdź. Pracownik banku nigdy nie każe instalować programu do zdalnej obsługi. Fałszywe SMS-y przekazuj na numer 8080, a potem je usuń.',
  ],
  [
    'pl',
    'Umowa o dzieło, fragment. Wykonawca zobowiązuje się przygotować tłumaczenie instrukcji obsługi do dnia 30 września. Zamawiający może zgłosić poprawki w ciągu czternastu dni; po tym terminie dzieło uważa się za przyjęte. Strony zachowują w tajemnicy treść dokumentacji oraz hasła dostępu przekazane na potrzeby pracy. Postanowienia niniejszej umowy zastępują wszelkie wcześniejsze ustalenia. W sprawach nieuregulowanych stosuje się przepisy Kodeksu cywilnego. Umowę sporządzono w dwóch jednobrzmiących egzemplarzach.',
  ],
  [
    'pl',
    'Notatka ze spotkania rady rodziców. Pani skarbnik przedstawiła stan konta: 4120 złotych. Ustalono, że zabawa karnawałowa odbędzie się w sali gimnastycznej, a nie w świetlicy, jak zapowiadano. Pan Marek prosi, żeby zapomnieć o poprzedniej liście składek, bo wkradły się do niej błędy. Dyskusja o zasadach używania telefonów trwała pół godziny i została odłożona. Dostęp do dziennika dla drugiego rodzica nadaje sekretariat. Następne zebranie po feriach.',
  ],
  [
    'tr',
    "Kiralık bisiklet kullanım koşulları. Bisikleti almak için kimliğinizi göstermeniz ve depozito bırakmanız gerekir. Kilit şifresi kiralama süresince size özeldir, başkasıyla paylaşmayın. Sahil yolunda yayalara öncelik verin, gece mutlaka far yakın. Arıza hâlinde tamire kalkışmayın; bulunduğunuz yeri bildirin, yedek bisiklet getirelim. Geç teslimde her saat için ek ücret alınır. Kaza olursa önce 112'yi arayın, fotoğraf çekmeden hiçbir şeyi yerinden oynatmayın. Sepetteki yağmurluk bizden hediyedir, güle güle kullanın.",
  ],
  [
    'tr',
    'Mercimek köftesi tarifi. Bir buçuk su bardağı kırmızı mercimeği üç bardak suyla haşlayın, suyunu tam çekmeden bir bardak ince bulguru ekleyip kapağını kapatın. Yirmi dakika dinlensin. Ayrı tavada soğanı yağda pembeleştirin, salça ve kimyonla karıştırın. Hepsini yoğurun; maydanoz, taze soğan ve limonu en son koyun. Elinizi ıslatarak sıkın ve marul yaprağına dizin. Acele etmeyin, bulgur şişmeden yoğrulan köfte dağılır. Annemin kuralı buydu, hiç de yanılmadı.',
  ],
  [
    'tr',
    'Bilgi güvenliği uyarısı. Kurumumuz hiçbir zaman e-posta ile şifrenizi istemez. Kendisini sistem yöneticisi olarak tanıtan kişilere doğrulama kodu vermeyin. Acil ödeme talimatı içeren mesajları, genel müdürün adıyla gelse bile, telefonla teyit edin. Bilgisayarınıza izinsiz program kurmayın ve güvenlik duvarını devre dışı bırakmayın. Şüpheli bir bağlantıya tıkladıysanız utanmayın; ağ kablosunu çıkarın ve 1199 numaralı dahili hattı arayın. Erken bildirim zararı her zaman azaltır.',
  ],
  [
    'tr',
    'Kira sözleşmesi, özel şartlar. Kiracı, taşınmazı yalnızca konut olarak kullanacak ve mal sahibinin yazılı onayı olmadan devretmeyecektir. Aidat kiracıya, demirbaş giderleri ev sahibine aittir. Apartman yönetiminin kurallarına uyulması zorunludur. Kiracı taşınırken anahtarların tümünü teslim eder, kilit değiştirilmişse yenisini de bırakır. Daha önce yapılan sözlü anlaşmalar geçersizdir. Uyuşmazlık hâlinde İzmir mahkemeleri yetkilidir. İşbu sözleşme iki nüsha olarak imza altına alınmış ve birer örneği taraflara verilmiştir.',
  ],
  [
    'tr',
    "Toplantı notları, pazarlama ekibi. Yeni sitenin açılışı on gün ertelendi çünkü ödeme sayfası mobilde takılıyor. Selin eski metinlerin tamamının silinmesini ve baştan yazılmasını önerdi, ekip kabul etti. Mert reklam bütçesindeki sınırın kaldırılmasını istedi; finans onayı bekleniyor. Müşterilere yeni fiyatlar ayın on beşinden önce söylenmeyecek. Fotoğraf arşivine giriş için Burcu'dan yetki alınacak. Bir sonraki toplantı perşembe günü saat onda, küçük salonda yapılacak ve kısa tutulacak.",
  ],
  [
    'tr',
    'Çamaşır makinesi kullanım kılavuzundan. Makineyi çalıştırmadan önce taşıma cıvatalarını sökün. Çocuk kilidini etkinleştirmek için iki tuşa üç saniye birlikte basın, kaldırmak için aynı işlemi tekrarlayın. Program başladıktan sonra verilen komutlar yok sayılır; değişiklik için önce duraklatın. Kapak, su boşalmadan açılmaz, zorlamayın. Filtreyi ayda bir temizleyin ve altına havlu koyun. E18 hatası görürseniz hortumun kıvrılmadığından emin olun. Sorun sürerse yetkili servisi arayın.',
  ],
  [
    'ja',
    '各位 来週の防災訓練についてお知らせします。火曜日の十時に非常ベルが鳴りますので、作業を中断し、エレベーターを使わずに南側の階段から避難してください。先日配布した案内図は古いものですので破棄をお願いします。点呼は駐車場で行います。電気錠は訓練中自動的に解除されますが、終了後に各部署で施錠を確認してください。ご協力をお願いいたします。総務課',
  ],
  [
    'ja',
    '個人情報の取り扱いに関する規程 第五条 従業員は、業務上知り得た顧客の情報を第三者に開示してはならない。退職後も同様とする。パスワードは他人に教えず、紙に書いて机に貼ることを禁ずる。上司の指示であっても、本規程に反する持ち出しを行ってはならない。違反の疑いがあるときは、速やかに管理責任者へ報告するものとする。',
  ],
  [
    'ja',
    '肉じゃがの作り方。じゃがいも四個は大きめに切り、水にさらします。鍋に油を熱して牛肉を炒め、色が変わったら玉ねぎ、にんじん、じゃがいもを加えます。だしを注ぎ、あくを取ってから砂糖とみりんを入れ、五分後に醤油を回しかけてください。落とし蓋をして十五分。火を止めて一度冷ますと味がしみます。途中で何度もかき混ぜるのは我慢しましょう。',
  ],
  [
    'ja',
    '議事録 日時は四月十二日、参加者は営業三名と開発二名。新しい受発注システムの移行は連休明けに延期することで合意した。旧画面の操作手順書は使わず、改訂版に統一する。管理者権限は課長以上に限る。在庫数が合わない件は、取り消した注文が残っていたことが原因と判明した。顧客には、原因が確定するまで復旧時刻を伝えないこと。次回は二十六日。',
  ],
  [
    'ja',
    'フィッシング詐欺にご注意ください。宅配業者や銀行を名乗るメッセージで、偽のサイトに誘導する手口が増えています。「至急」「アカウントを停止しました」といった言葉に慌てず、公式アプリから確認しましょう。電話で暗証番号や認証コードを聞かれても、決して答えないでください。不審なメールの指示には従わず、削除するか、消費生活センター(188)に相談してください。',
  ],
  [
    'ja',
    '電気ケトル取扱説明書より。初めてお使いになるときは、満水まで水を入れて二回沸かし、その湯は捨ててください。ふたを閉めずに電源を入れると自動停止が働きません。空だき防止装置を無効にする改造は絶対におやめください。ロックボタンを押すと注ぎ口が閉じ、もう一度押すと解除されます。内側の白い斑点は水の成分ですので、クエン酸で洗うと落ちます。',
  ],
  ...OTHER_DOCUMENTS,
];
