// The vocabulary of the corpus: names in many scripts and sentences as people write them to a service desk.
// Plain lists; what is drawn from them is decided elsewhere.

// biome-ignore format: one list, many scripts
export const firstNames: ReadonlyArray<string> = [
  "Anna", "Jörg", "Siân", "Łukasz", "Zoë", "Éloïse", "Ñusta", "Nguyễn", "Søren", "Þórunn", "Ağca", "Márton",
  "Ирина", "Дмитро", "Ђорђе", "Ελένη", "Γιώργος", "محمد", "ليلى", "فرهاد", "שירה", "יונתן", "李", "小龍", "さくら", "健太",
  "지민", "서연", "अर्जुन", "प्रिया", "สมชาย", "ማርታ", "ნინო", "Արամ", "தமிழ்", "Mary Jane", "Jean-Luc", "D’Arcy", "Amélie",
  "Tom", "Grace", "Liam", "Fatima", "Kwame", "Ngozi", "Isla", "Pedro", "Ingrid", "Noah", "Oscar", "Mia", "Ruth", "Viktor"
]

// biome-ignore format: one list, many scripts
export const lastNames: ReadonlyArray<string> = [
  "Müller", "O'Neill", "García Márquez", "de la Cruz", "Ng", "Nowak-Żółć", "Åström", "Van den Berg", "İnönü", "Dvořák",
  "Кузнецова", "Шевченко", "Παπαδόπουλος", "الهاشمي", "رضایی", "כהן", "בן-דוד", "王", "欧阳", "山田", "佐藤", "김", "शर्मा", "ใจดี",
  "ተስፋዬ", "ბერიძე", "Smith", "Jones", "Brown", "Okafor", "Silva", "Rossi", "Dubois", "Jensen", "Virtanen", "Kovács",
  "Papp", "Singh", "Haddad", "Levi", "Lee", "Chen", "Tanaka", "Osei", "MacDonald", "Fitz-Gerald", "Null", "True", "Test"
]

// biome-ignore format: one list, many scripts
export const departmentNames: ReadonlyArray<string> = [
  "Finance", "Human Resources", "Legal", "Sales", "Marketing", "Engineering", "Operations", "Research & Development",
  "Customer Care", "Purchasing", "Facilities", "Einkauf", "Comptabilité", "Бухгалтерия", "Security", "الموارد البشرية", "משאבי אנוש",
  "R&D <Labs>", "Quality", "Logistics", "人事部", "Board Office", "Data \"Platform\"", "Training"
]

// biome-ignore format: one list, many scripts
export const groupNames: ReadonlyArray<string> = [
  "Service Desk", "Network", "Hardware", "Applications", "Database", "Identity & Access", "Workplace", "Cloud",
  "Security Operations", "Field Support", "Telephony", "Print & Scan", "SAP", "Major Incidents", "Onboarding", "サポート", "Поддержка"
]

// biome-ignore format: one list, many scripts
export const jobTitles: ReadonlyArray<string | null> = [
  "Accountant", "Developer", "Manager, EMEA", "Nurse", "Architect", "Analyst", "Head of \"Special\" Projects", "Driver", null, ""
]

// biome-ignore format: one list, many scripts
export const subjects: ReadonlyArray<string> = [
  "Printer on floor 3 is offline", "VPN disconnects every few minutes", "Cannot open shared mailbox", "Laptop does not start",
  "Outlook asks for the password again and again", "New starter needs an account", "Monitor flickers 🖥️", "Wi-Fi is slow in room \"Köln\"",
  "Access to folder S:\\Finance denied", "SAP error <E1234> when posting", "Phone has no dial tone ☎️", "Bildschirm bleibt schwarz",
  "Impossible d’imprimer en couleur", "No puedo entrar en el portal", "Не работает почта", "Δεν ανοίγει το αρχείο", "لا أستطيع تسجيل الدخول إلى النظام",
  "המדפסת לא עובדת", "打印机无法连接", "パスワードを忘れました", "프린터가 작동하지 않습니다", "मेरा ईमेल नहीं खुल रहा है", "เข้าสู่ระบบไม่ได้", "Re: Re: Fwd: your request",
  "=SUM(A1:A9) shows #REF! in Excel", "Screen sharing shows a black window", "Disk almost full on FS-02", "Badge does not open the door 🚪",
  "Question about invoice, March & April", "URGENT!!! Nothing works 😡", "Backup of 02:00 failed", "Certificate expires in 14 days"
]

// biome-ignore format: one list, many scripts
export const requestItems: ReadonlyArray<string> = [
  "MacBook Pro 14\"", "Adobe Creative Cloud", "Second monitor", "Mobile phone", "VPN access", "Office chair", "Guest Wi-Fi", "Building badge"
]

// biome-ignore format: one list, many scripts
export const sentences: ReadonlyArray<string> = [
  "Hello, since this morning it does not work any more.", "I restarted twice & nothing changed.", "The error says: \"0x80070005 – access denied\".",
  "It worked yesterday, before the update.", "Several colleagues in the same office see it too.", "Could somebody have a look, please?",
  "Thanks a lot 🙏", "Guten Tag, der Drucker zeigt wieder „Papierstau“ an.", "Merci de traiter ma demande dès que possible.",
  "¿Podéis ayudarme, por favor?", "Здравствуйте, после обновления программа не запускается.", "Καλημέρα, το πρόβλημα συνεχίζεται.",
  "مرحبًا، ما زالت المشكلة قائمة منذ أمس.", "שלום, הבעיה חזרה גם היום.", "您好，系统今天早上无法访问。", "お世話になっております。画面が固まります。",
  "안녕하세요, 오늘 아침부터 접속이 안 됩니다.", "नमस्ते, समस्या अभी भी बनी हुई है।", "สวัสดีครับ ยังใช้งานไม่ได้", "The serial number is SN-4471-Ä9.",
  "Price < 100 € and size > 2 GB.", "See C:\\Users\\me\\Desktop\\log.txt for details.", "Call me at +49 (0)89 123 456.", "👩‍💻👨‍👩‍👧‍👦 are both fine here.",
  "We replaced the cable and the port lights are green now.", "Please try again after 15:00.", "I have escalated this to the network team.",
  "The vendor answered: part will arrive on Friday.", "Zero‑width\u200B and no\u00A0break spaces come from a copied mail.", "Done.", "+1"
]

// biome-ignore format: one list, many scripts
export const tagWords: ReadonlyArray<string> = [
  "vip", "Laptop", "remote user", "vpn", "printer", "Größe", "日本", "q4-audit", "hardware", "onboarding", "urgent!", "c++"
]

export const categories: ReadonlyArray<readonly [string, ReadonlyArray<readonly [string, ReadonlyArray<string>]>]> = [
  [
    "Hardware",
    [
      ["Computer", ["Laptop", "Desktop"]],
      ["Printer", ["Laser", "Label"]]
    ]
  ],
  [
    "Software",
    [
      ["Office", ["Outlook", "Excel"]],
      ["ERP", ["SAP"]]
    ]
  ],
  [
    "Network",
    [
      ["Wi-Fi", []],
      ["VPN", ["Client", "Gateway"]]
    ]
  ],
  ["Other", []]
]
