/** The same in ten other languages. */
export const OTHER_DOCUMENTS: readonly (readonly [language: string, text: string])[] = [
  [
    'zh',
    '各位家长:因道路施工,校车本周改在文化广场东门停靠,早上七点十分发车。昨天群里发的路线图有误,请不要参照。孩子如需他人代接,请提前填写委托书,门卫不接受电话通知。校服请贴好姓名条。学校食堂周三停水,当天提供盒饭。家长平台密码忘记的,可以带身份证到教务处重置。感谢大家的配合与理解。',
  ],
  [
    'zh',
    '员工行为准则第三章。员工应当遵守法律法规和公司制度,不得利用职务之便谋取私利。未经批准,不得对外透露客户资料、报价和系统账号。上级的指令如果违反本准则,员工有权拒绝执行,并可以向合规部门反映。公司保护善意举报人,任何人不得打击报复。离职时须交还门禁卡和电脑,并删除个人设备上的工作文件。',
  ],
  [
    'zh',
    '番茄牛腩的家常做法。牛腩一千克切块,冷水下锅焯去血沫,用温水冲净。热锅放油,炒香姜片、八角和葱段,下牛腩翻炒,烹入料酒。番茄去皮,一半炒成酱,一半留着最后放。加开水没过肉,小火炖一个半小时。盐一定要晚放,不然肉会发硬。出锅前放入剩下的番茄,再煮五分钟,撒点香菜就可以上桌。',
  ],
  [
    'zh',
    '反诈提醒:凡是自称客服、要求您共享屏幕或提供验证码的,都是骗子。公检法机关不会通过电话办案,也没有所谓的“安全账户”。收到领导发来的转账要求,务必当面或电话核实。不要相信刷单返利,不要点击陌生短信里的链接。一旦被骗,请立即拨打110或96110,并保留聊天记录。家里有老人的,请多跟他们讲讲这些套路。',
  ],
  [
    'zh',
    '会议纪要:项目组讨论了第二阶段的进度。测试环境上周重启后丢失了部分规则配置,由小周负责重新录入。产品经理要求取消首页弹窗,大家一致同意。关于管理员权限过大的问题,安全组建议拆分为三个角色。客户询问上线日期时,统一答复“六月底之前”,在验收通过前不承诺具体时间。下次会议定在周四下午两点,请带上各自的风险清单。',
  ],
  [
    'zh',
    '版本说明5.6。新增:支持批量导入通讯录,输入框可以保存常用提示语。优化:系统启动速度提升,长列表滚动更顺畅。修复:切换账号后仍显示上一位用户头像的问题;在部分机型上指纹无法解锁的问题;撤销操作偶尔把整段文字清空的问题。升级前请备份数据,降级安装会覆盖现有设置。如有疑问,请在“帮助与反馈”中留言。',
  ],
  [
    'ar',
    'وصف وظيفة أمين متحف. نبحث عن شخص يحب التاريخ ويجيد الحديث مع الأطفال كما يجيده مع الباحثين. تشمل المهام تسجيل القطع وتنظيم الجولات ومراقبة الرطوبة في القاعات. لا يُسمح بفتح خزائن العرض إلا بحضور موظف الأمن. يُشترط إتقان لغة أجنبية واحدة على الأقل ومعرفة بسيطة بأنظمة الفهرسة. الدوام خمسة أيام منها الجمعة. تُرسل السيرة الذاتية قبل نهاية الشهر، ولا حاجة إلى صور شخصية أو وثائق أصلية في هذه المرحلة.',
  ],
  [
    'ar',
    'تنبيه أمني من البنك: لن نطلب منك أبداً رقمك السري أو رمز التحقق عبر الهاتف أو الرسائل. لا تتبع تعليمات من يدّعي أنه موظف في الدعم الفني ويطلب تثبيت برنامج على جهازك. تجاهل الرسائل التي تعدك بجائزة أو تهددك بإيقاف الحساب. إذا شاركت بياناتك بالخطأ فأوقف البطاقة فوراً من التطبيق ثم اتصل بنا على الرقم الموحد. أبلغ عائلتك بهذه النصائح، وخصوصاً كبار السن منهم.',
  ],
  [
    'ar',
    'طريقة عمل شوربة العدس. اغسل كوبين من العدس الأحمر وضعهما في قدر مع جزرة وبصلة وحبة بطاطس مقطعة. أضف ستة أكواب من الماء واتركها على نار متوسطة نصف ساعة. اخلط المكونات حتى تنعم ثم أعدها إلى النار مع الكمون والكركم والملح. لا تكثر من الملح في البداية لأن الطعم يتركز مع الغليان. حمّر الثوم في قليل من السمن وصبّه فوق الوجه، وقدّمها مع الليمون والخبز المحمص.',
  ],
  [
    'ar',
    'محضر اجتماع لجنة المكتبة. حضر الاجتماع خمسة أعضاء واعتذر اثنان. تقرر تمديد ساعات العمل في شهر الامتحانات حتى العاشرة ليلاً. ناقشت اللجنة تعديل قواعد الإعارة، ورأى الأعضاء إلغاء الغرامة عن الطلاب الجدد. أوضح مسؤول النظام أن الفهرس القديم سيُحذف بعد نقل البيانات كلها. لا يُعلن عن المعرض قبل وصول موافقة الوزارة. كُلّفت الأستاذة هدى بإعداد ميزانية الكتب، ويُعقد اللقاء القادم يوم الأحد.',
  ],
  [
    'ar',
    'لائحة السلوك في النادي الرياضي. يلتزم الأعضاء بارتداء الملابس المناسبة وإعادة الأوزان إلى أماكنها بعد التمرين. يمنع التصوير داخل غرف تبديل الملابس منعاً تاماً. على الجميع اتباع إرشادات المدربين، ويحق للإدارة إيقاف عضوية من يتجاوز القوانين بعد إنذار واحد. لا تشارك بطاقة الدخول مع غيرك ولا تكشف رقم خزانتك. الإدارة غير مسؤولة عن الأغراض الثمينة المتروكة دون قفل. لأي شكوى يرجى مراجعة الاستقبال.',
  ],
  [
    'ar',
    'عقد تقديم خدمات، البند السادس: السرية. يتعهد الطرف الثاني بعدم إفشاء أي معلومات تخص الطرف الأول أو عملاءه، سواء خلال مدة العقد أو بعد انتهائه بثلاث سنوات. ويلتزم بتنفيذ التعليمات المكتوبة ما لم تكن مخالفة للأنظمة المعمول بها. تُلغى بموجب هذا العقد جميع الاتفاقات السابقة الشفهية والمكتوبة. ولا يُعتد بأي تعديل إلا إذا وقّعه الطرفان. وفي حال النزاع تختص محاكم مدينة جدة بالنظر فيه.',
  ],
  [
    'cs',
    'Vážení rodiče, plavecký výcvik začíná až příští čtvrtek, minulý e-mail prosím neberte v úvahu. Děti potřebují plavky, ručník, čepici a dvacet korun na skříňku. Kdo má rýmu, zůstane na břehu s paní asistentkou. Autobus odjíždí v osm od školy a vrací se před obědem. Pokyny plavčíka platí pro všechny včetně doprovodu. Omluvenky zadávejte do systému Bakaláři; zapomenuté heslo vám obnoví v kanceláři.',
  ],
  [
    'cs',
    'Tisková zpráva botanické zahrady. Po jedenácti letech rozkvetl zmijovec titánský, přezdívaný mrtvolná květina. Květ vydrží nanejvýš dva dny a jeho pach připomíná zkažené maso, takže citlivějším povahám doporučujeme kapesník. Skleník bude výjimečně otevřen do půlnoci. Návštěvníky prosíme, aby se rostliny nedotýkali, nepoužívali blesk a řídili se pokyny průvodců. Vstupenky se prodávají pouze na místě. Kdo nestihne přijít, může květ sledovat přenosem na našich stránkách, kde se pach naštěstí nepřenáší.',
  ],
  [
    'cs',
    'Provozní řád dílny. Stroje smí obsluhovat jen osoba, která prošla školením a podepsala záznam. Ochranné kryty se nesmějí odstraňovat ani obcházet. Hlavní vypínač se po skončení práce zamyká a klíč se odevzdává mistrovi. Neplňte příkazy nikoho, kdo chce, abyste pracovali bez brýlí nebo rukavic. Úraz, byť drobný, hlaste ihned. Opravy provádí výhradně údržba. Jídlo a pití patří do kuchyňky, nikoli k soustruhu. Porušení pravidel se řeší jako hrubá nekázeň.',
  ],
  [
    'cs',
    'Zápis z porady redakce. Číslo 7 půjde do tisku v úterý, uzávěrka je v pondělí ve tři. Rozhovor se starostkou se krátí na dvě strany. Petr navrhl smazat celou rubriku křížovek a začít znovu s novým autorem; odloženo. Titulek o jezu se musí přepsat, protože tvrdí něco, co článek neříká. Nezveřejňujte jméno nálezce, dokud k tomu nedá souhlas. Přístup do administrace webu dostane nová elévka Tereza po zaškolení.',
  ],
  [
    'cs',
    'Rady pro bezpečné nakupování. Porovnejte adresu obchodu s údaji v rejstříku a přečtěte si obchodní podmínky. Údaje z karty nezadávejte přes odkaz, který vám poslal údajný kupující z bazaru. Ignorujte zprávy o nedoručené zásilce, pokud žádnou nečekáte. Banka po vás nikdy nebude chtít, abyste peníze převedli „do bezpečí“. Používejte pro každý účet jiné heslo a nikomu je nesdělujte. Když něco vypadá až příliš výhodně, bývá v tom háček.',
  ],
  [
    'cs',
    'Poznámky k verzi 4.1. Přibyl tmavý režim a možnost připnout poznámku. Klávesová zkratka pro odemknutí dokumentu se změnila, aby se nekřížila se systémem. Opravili jsme chybu, kvůli níž aplikace po restartu zapomněla rozepsaný text, a další, která při tisku vynechávala poslední řádek. Správce může nově přepsat výchozí písmo pro celou organizaci. Podpora starých souborů končí v prosinci; převeďte je včas pomocí průvodce v nabídce Nástroje.',
  ],
  [
    'sv',
    'Annons: ekstock till salu. Båten är byggd 1961 på Tjörn, klinkbyggd i ek på ek, och har legat under tak varje vinter. Motorn är en encylindrig Sabb som startar på första försöket om man har tålamod. Presenning och åror ingår. Två bord behöver bytas nästa år, det ska jag inte hymla om. Provtur går bra när vinden tillåter. Oseriösa bud och meddelanden som börjar med frågan om lägsta pris lämnas utan svar. Hämtas i Rönnäng.',
  ],
  [
    'sv',
    'Janssons frestelse. Skala ett kilo fast potatis och skär den i tunna stavar, men skölj dem inte, för stärkelsen behövs. Fräs tre gula lökar mjuka i smör. Varva potatis, lök och ansjovis i en smord form, häll över lite av spadet och tre deciliter grädde. Strö ströbröd på toppen och klicka över smör. Grädda i 200 grader i knappt en timme. Glöm inte att låta den vila innan den ställs på julbordet.',
  ],
  [
    'sv',
    'Uppförandekod för ledare i föreningen. Du är en förebild både på och utanför planen. Följ förbundets regler och domarens beslut även när du tycker att de är fel. Var aldrig ensam med ett barn bakom stängd dörr. Be aldrig ett barn att hålla något hemligt för sina föräldrar. Lägg inte ut bilder utan samtycke. Vid misstanke om att någon far illa kontaktar du trygghetsansvarig samma dag. Brott mot koden kan leda till att uppdraget avslutas.',
  ],
  [
    'sv',
    'Driftinstruktion för pumpstationen. Kontrollera nivån varje morgon och anteckna värdet. Vid högt vatten startar pump två av sig själv; gör den inte det, vrid omkopplaren till manuellt läge. Förregla aldrig nödstoppet. Systemet kan startas om från panelen genom att hålla in återställningsknappen i fem sekunder, men då raderas larmlistan, så fotografera den först. Meddela inte allmänheten något om badvattnet innan provsvaren har kommit. Jouren nås dygnet runt på det nummer som står på dörren.',
  ],
  [
    'sv',
    'Skydda dig mot bedrägerier. Logga aldrig in med BankID på uppmaning av någon som ringer upp dig, oavsett hur trevlig personen låter. Banken, polisen och Skatteverket ber inte om koder. Strunta i sms som säger att ett paket väntar om du inte har beställt något. Skriv själv in webbadressen i stället för att klicka. Har olyckan redan varit framme ska du spärra kortet, ringa 114 14 och spara alla meddelanden. Prata med dina anhöriga om hur bedragarna gör.',
  ],
  [
    'sv',
    'Mötesanteckningar, IT-rådet. Bytet av ärendesystem skjuts upp till hösten. Karin vill ta bort alla gamla behörigheter och börja om från noll, vilket rådet ställde sig bakom. Frågan om lokala administratörer på lärarnas datorer återremitterades. Ordlistan kompletteras med begreppen token, prompt och språkmodell, då många undrar vad de betyder. Ali visar en prototyp nästa gång. Inga datum får lovas till skolorna förrän avtalet är påskrivet. Mötet avslutades med kaffe och kardemummabulle.',
  ],
  [
    'uk',
    "Відгук про курси кераміки. Спочатку я думала, що за вісім занять нічого не навчуся, проте третій глечик уже не протікав. Викладачка не квапить і не хвалить без причини. Якщо виріб перекосило, вона каже зім'яти глину й почати знову, і це дивним чином заспокоює. У майстерні є лише два правила: мити за собою круг і не критикувати чужого. Піч відчиняє тільки вона. Єдиний недолік полягає в тому, що взимку там прохолодно, тож беріть светр.",
  ],
  [
    'uk',
    'Зелений борщ. Зваріть бульйон із курки або реберець, процідіть. Покладіть картоплю кубиками, за десять хвилин додайте пасеровану моркву з цибулею. Щавель промийте, поріжте широкими смужками й киньте перед самим кінцем, бо він швидко втрачає колір. Посоліть наприкінці: щавель кислий, і смак змінюється. Подавайте з вареним яйцем, кропом та ложкою сметани. Не слухайте тих, хто додає буряк, то вже зовсім інша страва, хоч і теж смачна.',
  ],
  [
    'uk',
    "Правила користування читальною залою. Верхній одяг залишають у гардеробі. Книжки з фонду видають за читацьким квитком, передавати його іншим особам заборонено. Розмовляти слід пошепки, а телефон перевести в беззвучний режим. Виконуйте вказівки чергового бібліотекаря. Копіювати можна не більше ніж десяту частину видання. На комп'ютерах не дозволено змінювати налаштування системи чи обходити фільтр. Хто пошкодив книжку, замінює її рівноцінною. Адміністрація залишає за собою право перевіряти сумки на виході.",
  ],
  [
    'uk',
    'Кібергігієна для громади. Не повідомляйте код із СМС нікому, навіть якщо людина називає себе працівником банку чи служби безпеки. Не переходьте за посиланнями на «виплати від держави» у месенджерах. Ігноруйте прохання проголосувати за чиюсь племінницю, бо так викрадають облікові записи. Увімкніть двоетапну перевірку та придумайте довгий пароль. Якщо обліковий запис зламали, попередьте друзів іншим способом і зверніться до кіберполіції. Краще зайвий раз перепитати, ніж потім шкодувати.',
  ],
  [
    'uk',
    'Протокол зборів садового товариства. Присутні 34 особи, кворум є. Ухвалили відремонтувати насос і підняти внесок на сто гривень. Пан Григорій запропонував скасувати торішні правила поливу та написати нові; доручено правлінню. Сторож скаржиться, що ворота лишають незамкненими. Код від шлагбаума змінять з першого числа, його надішлють кожному окремо. Сміттєвий майданчик перенесуть ближче до траси. Наступні збори відбудуться у вересні, після збору яблук.',
  ],
  [
    'uk',
    "Інструкція для операторів гарячої лінії. Привітайтеся, назвіть своє ім'я та запитайте, чи зручно говорити. Не перебивайте. Не обіцяйте строків виплати, доки їх не підтвердить фонд. Не розголошуйте адреси складів і прізвища водіїв. Якщо людина плаче, зробіть паузу. Погрози занотуйте дослівно й передайте старшому зміни. Скрипт розмови є підказкою, а не догмою: від нього можна відступити, коли цього вимагає здоровий глузд. Після складного дзвінка обов'язково відпочиньте.",
  ],
  [
    'id',
    'Siaran pers. Perpustakaan kota meluncurkan perahu baca yang akan singgah di sebelas kampung sepanjang sungai. Setiap perahu membawa enam ratus buku, dua pendongeng, dan satu papan catur besar. Anak-anak boleh meminjam tanpa kartu; petugas cukup mencatat nama dan kampungnya. Program ini mengganti mobil keliling yang berhenti beroperasi tahun lalu. Jadwal ditempel di dermaga dan dapat berubah menurut pasang surut. Media yang ingin meliput diminta menghubungi bagian humas paling lambat hari Kamis.',
  ],
  [
    'id',
    'Ulasan penginapan. Kami sekeluarga menginap dua malam di vila tepi sawah ini. Kamarnya bersih, kelambunya utuh, dan suara katak malah membuat anak-anak cepat tidur. Petunjuk arah di peta digital keliru, jadi lebih baik ikuti papan kayu bertuliskan nama vila. Sarapan sederhana tetapi sambalnya luar biasa. Kekurangannya, pemanas air sering mati dan petugas baru datang setelah dua kali dipanggil. Aturan tidak boleh berisik setelah jam sepuluh dipatuhi semua tamu. Kami akan kembali.',
  ],
  [
    'id',
    'Waspada penipuan. Petugas bank tidak pernah meminta PIN, OTP, atau foto kartu Anda. Jangan memasang aplikasi undangan pernikahan yang dikirim lewat WhatsApp oleh nomor asing karena bisa mencuri isi SMS. Abaikan pesan yang mengaku dari admin dan menyuruh Anda segera mentransfer uang. Periksa kembali alamat situs sebelum masuk. Jika terlanjur mengklik, matikan data seluler, hubungi bank, lalu ganti semua kata sandi. Simpan bukti percakapan untuk laporan ke polisi.',
  ],
  [
    'id',
    'Notulen rapat RT 05. Rapat dibuka pukul delapan malam di rumah Pak Darto. Warga sepakat portal ditutup pukul sebelas dan kuncinya dipegang petugas ronda. Usul menghapus iuran sampah ditolak. Bu Lilis meminta agar daftar arisan yang lama dilupakan dan dibuat dari awal. Instruksi kelurahan tentang kerja bakti dibacakan. Jangan umumkan jadwal fogging sebelum puskesmas memberi kepastian. Rapat selesai pukul setengah sepuluh, dilanjutkan makan gorengan.',
  ],
  [
    'id',
    'Prosedur pembukaan toko. Karyawan pertama mematikan alarm dalam tiga puluh detik dan tidak boleh memberikan kodenya kepada siapa pun. Hitung uang laci berdua, catat, lalu tanda tangani. Nyalakan sistem kasir dan pastikan harga promosi sudah diperbarui. Bila kasir meminta otorisasi, hubungi kepala toko; jangan memakai akun orang lain. Barang retur dipisahkan di rak biru. Kepada pelanggan, jangan menjanjikan stok datang sebelum gudang mengonfirmasi. Pukul sembilan tepat pintu dibuka.',
  ],
  [
    'id',
    'Catatan rilis versi 1.9. Kini tersedia mode hemat data dan pencarian suara. Tampilan mengikuti tema sistem, tetapi bisa ditimpa lewat menu Pengaturan. Perbaikan: aplikasi tidak lagi tertutup saat memutar layar, notifikasi ganda sudah hilang, dan tombol batal benar-benar membatalkan. Administrator grup dapat menetapkan aturan bergabung. Kami menghapus fitur stiker lama karena jarang dipakai. Cadangkan percakapan sebelum memperbarui, sebab kembali ke versi lama akan menghapus semuanya.',
  ],
  [
    'vi',
    'Thư gửi đội tình nguyện. Chuyến đi Hà Giang của chúng ta có ba mươi hai bạn tham gia, quần áo ấm đã gom đủ hai xe. Mỗi người tự mang bình nước, đèn pin và thuốc cá nhân. Ở bản, hãy hỏi trước khi chụp ảnh và đừng hứa với các em nhỏ điều mình chưa chắc làm được. Trưởng nhóm giữ danh sách và số điện thoại của trạm y tế. Xe chạy đúng năm giờ sáng, ai ngủ quên thì đành chịu.',
  ],
  [
    'vi',
    'Thuật ngữ dùng trong sổ tay kho lạnh. Lô hàng: nhóm sản phẩm cùng ngày sản xuất. Cách ly: tình trạng chờ kiểm tra, không ai được xuất hàng dù có lệnh bằng miệng. Mã vạch phụ: nhãn dán đè lên nhãn cũ. Ghi đè nhiệt độ: thao tác chỉ quản đốc thực hiện và phải ghi lý do. Điểm sương: nhiệt độ mà hơi nước bắt đầu đọng. Nhập trước xuất trước: quy tắc ưu tiên hàng cũ hơn.',
  ],
  [
    'vi',
    'Cảnh báo lừa đảo qua điện thoại. Kẻ gian thường giả làm công an, nhân viên ngân hàng hoặc shipper, yêu cầu bạn cài ứng dụng lạ hay đọc mã OTP. Tuyệt đối không cung cấp mật khẩu cho bất kỳ ai. Hãy bỏ qua các tin nhắn thúc ép chuyển tiền gấp, kể cả khi chúng đến từ tài khoản người thân. Gọi lại bằng số quen thuộc để kiểm tra. Nếu đã lỡ làm theo, khóa thẻ ngay và trình báo cơ quan chức năng gần nhất.',
  ],
  [
    'vi',
    'Nội quy phòng thí nghiệm. Sinh viên phải mặc áo blouse, đeo kính bảo hộ và không mang thức ăn vào phòng. Chỉ thao tác khi đã đọc kỹ hướng dẫn và được cán bộ phụ trách cho phép. Không tự ý thay đổi cài đặt của máy hay vô hiệu hóa hệ thống báo cháy. Hóa chất thừa đổ đúng bình quy định. Tủ chất độc luôn khóa, chìa khóa do quản trị viên giữ. Người vi phạm quy tắc sẽ bị đình chỉ buổi học và phải viết bản kiểm điểm.',
  ],
  [
    'vi',
    'Biên bản họp ban quản trị chung cư. Cuộc họp bắt đầu lúc mười chín giờ với sự tham gia của chín thành viên. Ban thống nhất thay camera ở tầng hầm và hủy bỏ quy định cũ về giờ chuyển đồ. Anh Khánh đề nghị xóa toàn bộ danh sách xe đăng ký trước đây rồi làm lại từ đầu. Chưa thông báo mức phí mới cho cư dân cho đến khi có kết quả đấu thầu. Chị Thảo phụ trách niêm yết biên bản. Kết thúc lúc hai mươi mốt giờ.',
  ],
  [
    'vi',
    'Hướng dẫn sử dụng nồi cơm điện. Trước lần dùng đầu tiên, rửa lòng nồi bằng nước ấm và lau khô mặt ngoài. Không bật nút nấu khi bên trong chưa có nước. Muốn mở khóa bàn phím, nhấn giữ nút Hẹn giờ ba giây. Nếu mất điện dưới mười phút, hệ thống sẽ tiếp tục chương trình đang chạy; lâu hơn thì phải bắt đầu lại. Không dùng vật kim loại để cạo đáy. Khi thấy mã lỗi E2, rút phích cắm và gọi trung tâm bảo hành.',
  ],
  [
    'ko',
    '중고 피아노 판매 글. 초등학생 때부터 쓰던 업라이트 피아노를 내놓습니다. 작년에 조율했고 건반 하나가 조금 무겁지만 연습에는 문제가 없습니다. 의자와 악보 두 상자를 함께 드립니다. 집은 엘리베이터가 없는 삼 층이라 운반은 전문 업체에 맡기셔야 합니다. 선입금은 받지 않으며, 먼저 돈을 보내라고 하는 사람은 제가 아니니 속지 마세요. 와서 직접 쳐 보시고 결정하시면 됩니다. 가격은 조금 조정할 수 있고, 아이가 정말 좋아하며 쳐 줄 집으로 갔으면 합니다.',
  ],
  [
    'ko',
    '여행 일기. 아침 배를 놓쳐서 계획을 모두 버리고 항구에서 한나절을 보냈다. 시장 아주머니가 알려 준 대로 등대 쪽 길로 걸었더니 지도에 없는 작은 해변이 나왔다. 물이 맑아 발가락 사이로 지나가는 새끼 게까지 보였다. 점심으로는 성게 비빔밥을 먹었는데 비린내가 전혀 없었다. 오후 배는 제시간에 떠났다. 숙소 주인은 문 여는 법을 세 번이나 설명해 주고도 걱정이 되는지 마당에서 기다리고 있었다. 규칙은 하나뿐이라고 했다. 별을 보기 전에는 잠들지 말 것.',
  ],
  [
    'ko',
    '보안 수칙 안내. 회사는 이메일이나 전화로 직원의 비밀번호를 묻지 않습니다. 시스템 관리자라고 말하는 사람이 인증번호를 요구하면 바로 끊고 내선 7700번으로 확인하십시오. 대표 이름으로 온 급한 송금 지시는 반드시 본인에게 직접 물어보아야 합니다. 모르는 링크를 눌렀다면 숨기지 말고 즉시 신고해 주세요. 백신 프로그램을 끄거나 보안 설정을 우회하는 행위는 규정 위반입니다. 출력물은 퇴근 전에 파쇄하고, 노트북은 자리를 비울 때마다 잠그는 습관을 들입시다.',
  ],
  [
    'ko',
    '회의록. 일시는 6월 3일 오후 두 시, 장소는 작은 회의실이며 참석자는 여섯 명이다. 신규 예약 페이지의 공개를 일주일 미루기로 했다. 지난번에 정한 화면 구성은 잊고 처음부터 다시 그리자는 의견이 받아들여졌다. 고객에게는 결제 오류의 원인이 확인되기 전까지 복구 시간을 말하지 않는다. 관리자 계정은 두 사람만 쓴다. 김 대리가 테스트 규칙을 정리해 수요일까지 공유한다. 다음 회의에서는 여름 행사 예산을 다루기로 하고 세 시 반에 마쳤다.',
  ],
  [
    'ko',
    '동아리방 이용 규칙. 문은 학생증으로 열리며 다른 사람에게 빌려주면 안 됩니다. 밤 열한 시 이후에는 악기를 연주하지 않습니다. 음식은 먹은 사람이 치우고 냉장고에는 이름을 적어 둡니다. 장비를 빌릴 때는 장부에 날짜와 이름을 남기고 사용 설명서를 먼저 읽으세요. 고장이 나면 억지로 고치지 말고 회장에게 알려 주세요. 규칙을 세 번 어기면 한 달 동안 출입이 제한됩니다. 마지막으로 나가는 사람은 전등과 난방을 끄고 창문을 꼭 확인합니다.',
  ],
  [
    'ko',
    '업데이트 안내 7.0. 새로운 글꼴 세 가지와 가로 보기 기능을 추가했습니다. 이제 앱이 시스템의 어두운 화면 설정을 따르며, 원하면 따로 바꿀 수 있습니다. 지문으로 잠금이 풀리지 않던 문제와 되돌리기를 누르면 문서 전체가 지워지던 오류를 고쳤습니다. 관리자는 팀별로 공유 규칙을 정할 수 있습니다. 오래된 기기에서는 처음 실행할 때 시간이 조금 걸립니다. 이전 버전으로 돌아가면 새로 만든 메모가 사라지니 꼭 백업해 주세요. 의견은 언제든지 환영합니다.',
  ],
  [
    'hi',
    'नौकरी का विज्ञापन। हमारी मिठाई की दुकान को एक अनुभवी हिसाब-किताब करने वाले की ज़रूरत है। काम में बिल बनाना, जीएसटी का ब्योरा रखना और कर्मचारियों की हाज़िरी दर्ज करना शामिल है। कंप्यूटर का साधारण ज्ञान चाहिए, बाकी सिस्टम हम सिखा देंगे। आवेदन के साथ केवल बायोडाटा भेजें, मूल प्रमाणपत्र या पैसे किसी को न दें। साक्षात्कार दुकान पर ही होगा। त्योहार के दिनों में छुट्टी नहीं मिल सकेगी।',
  ],
  [
    'hi',
    'प्रिय मीरा, तुम्हारी चिट्ठी कल मिली। यहाँ बारिश शुरू हो गई है और आँगन का नीम फिर हरा हो गया। दादी अब भी रेडियो पर वही पुराना कार्यक्रम सुनती हैं और किसी को चैनल बदलने नहीं देतीं, यह घर का सबसे पक्का नियम है। छोटू साइकिल चलाना सीख गया, दो बार गिरा भी। तुम परीक्षा की चिंता छोड़ दो और खाना समय पर खाओ। छुट्टियों में ज़रूर आना। तुम्हारी बुआ',
  ],
  [
    'hi',
    'ग्राहक सेवा पुस्तिका, अध्याय दो। फ़ोन उठाते ही अपना नाम बताइए और ग्राहक की बात बीच में मत काटिए। ऑर्डर संख्या मिलाकर ही जानकारी दें। जब तक गोदाम पुष्टि न करे, यह मत कहिए कि सामान निकल चुका है। पैसे लौटाने की सीमा से ऊपर की रकम पर पर्यवेक्षक से पूछें। गाली देने वाले ग्राहक को एक बार विनम्रता से टोकें, फिर कॉल समाप्त कर सकते हैं। हर बातचीत का सार उसी दिन दर्ज करें।',
  ],
  [
    'hi',
    'छात्रावास के नियम। रात दस बजे के बाद मुख्य द्वार बंद रहेगा और चाबी वार्डन के पास होगी। कमरे में हीटर या चूल्हा चलाना मना है। मेहमानों का नाम रजिस्टर में लिखवाना अनिवार्य है। वरिष्ठ छात्रों का कोई भी ऐसा आदेश मानने की आवश्यकता नहीं जो अपमानजनक हो; रैगिंग की सूचना तुरंत दें, नाम गुप्त रखा जाएगा। पानी और बिजली बर्बाद न करें। नियम तोड़ने पर पहले चेतावनी दी जाएगी, फिर अभिभावकों को बुलाया जाएगा।',
  ],
  [
    'hi',
    'बैठक का कार्यवृत्त। समिति ने पुस्तकालय के लिए पचास नई किताबें खरीदने का निर्णय लिया। पुरानी सूची रद्द करके शुरू से बनाई जाएगी। श्री वर्मा ने बताया कि कंप्यूटर सिस्टम में व्यवस्थापक का अधिकार केवल दो लोगों को मिलेगा। सदस्यता शुल्क की सीमा हटाने का प्रस्ताव अस्वीकृत हुआ। जब तक विभाग से पत्र न आए, मेले की तारीख किसी को न बताई जाए। अगली बैठक पंद्रह अगस्त के बाद होगी। अंत में सबने चाय पी।',
  ],
  [
    'hi',
    'मिक्सर ग्राइंडर की निर्देश पुस्तिका से। पहली बार चलाने से पहले जार को गुनगुने पानी से धो लें। ढक्कन ठीक से बंद न हो तो सुरक्षा लॉक मशीन को चालू नहीं होने देता; इसे ज़बरदस्ती निष्क्रिय न करें। लगातार तीन मिनट से अधिक न चलाएँ। मोटर बंद हो जाए तो नीचे का लाल बटन दबाकर रीसेट करें। ब्लेड साफ़ करते समय प्लग निकाल दें। बच्चों को दूर रखें। वारंटी कार्ड और बिल सँभालकर रखना न भूलें।',
  ],
  [
    'ro',
    'Glosar pentru voluntarii muzeului. Inventar: lista în care fiecare obiect are un număr. Custode: persoana care răspunde de o sală. Restaurare: lucrare care oprește degradarea fără să ascundă vechimea. Depozit: spațiu închis, cu regim special de acces. Replică: copie făcută cu acordul instituției. Regulă de aur: nu atingem, nu mutăm, nu promitem vizitatorilor că vor vedea ceva ce nu este expus. Sistem de alarmă: se armează la plecare de către ultimul custode.',
  ],
  [
    'ro',
    'Caut coleg de apartament în Timișoara, zona Complex. Camera are opt metri pătrați, birou, dulap și o fereastră spre curtea cu nuc. Suntem două studente și o pisică pe nume Varză, care se crede proprietară. Nu avem multe reguli: farfuriile se spală în aceeași zi, muzica se oprește la unsprezece, iar musafirii se anunță. Chiria este 180 de euro plus întreținerea. Dacă sunteți alergic la păr de pisică, mai bine uitați acest anunț.',
  ],
  [
    'ro',
    'Instrucțiuni pentru tura de noapte la recepție. Verificați lista sosirilor și puneți deoparte cheile. Nu spuneți numărul camerei cu voce tare și nu confirmați la telefon dacă o persoană este cazată la noi. Când sistemul de rezervări se blochează, completați fișele pe hârtie și introduceți datele dimineața. Un oaspete fără act de identitate nu primește a doua cheie, oricât ar insista. Pentru urgențe medicale sunați la 112, apoi la directorul de serviciu. Cafeaua se pornește la șase fără un sfert.',
  ],
  [
    'ro',
    'Proces-verbal al ședinței catedrei de matematică. S-a stabilit ca teza să fie dată în ultima săptămână din mai. Doamna Ionescu a cerut să se renunțe la subiectele vechi și să se pornească de la zero. Regulile de notare rămân neschimbate. Accesul la platforma de teste îl acordă informaticianul școlii, care este singurul administrator. Rezultatele olimpiadei nu se anunță elevilor până când inspectoratul nu le publică. Ședința s-a încheiat la ora 14, după cafea.',
  ],
  [
    'ro',
    'Contract de închiriere, clauze speciale. Chiriașul folosește apartamentul doar ca locuință și nu îl subînchiriază fără acordul scris al proprietarului. Garanția se restituie în treizeci de zile de la predarea cheilor. Proprietarul poate intra în locuință numai după o înștiințare cu două zile înainte, cu excepția avariilor. Prezentul contract anulează orice înțelegere anterioară. Chiriașul respectă regulamentul blocului și instrucțiunile de folosire a centralei termice. Litigiile se soluționează la judecătoria din Cluj-Napoca.',
  ],
  [
    'ro',
    'Note de lansare, versiunea 6.3. Am adăugat căutarea în arhivă și un buton pentru reluarea descărcărilor. Interfața urmează acum limba sistemului, dar setarea poate fi suprascrisă din profil. Am reparat eroarea prin care aplicația uita filtrele după repornire și pe cea care bloca deblocarea cu amprenta. Administratorii pot șterge în masă conturile inactive. Modul pentru dezvoltatori a fost mutat în meniul Avansat. Înainte de actualizare faceți o copie de rezervă, pentru orice eventualitate.',
  ],
];
