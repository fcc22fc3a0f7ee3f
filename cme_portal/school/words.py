"""Invented names and topics. The gaps of the three planning cases are real and cite their sources."""

from typing import Any

GIVEN = ["Amara", "Elena", "Joan", "Dana", "Marcus", "Naomi", "Leila", "Caleb", "Ruth", "Henrik", "Meihua", "Priya", "Tomas", "Ingrid", "Kofi", "Yara", "Mateo", "Aisha", "Noor", "Felix", "Clara", "Jonas", "Mina", "Oskar", "Tessa", "Ravi", "Lucia", "Emeka", "Hana", "Victor", "Sofia", "Amir", "Greta", "Paulo", "Zoe", "Dimitri", "Alma", "Bruno", "Iris", "Samuel", "Nadia", "Owen", "Thandi", "Louis", "Maya", "Pedro", "Ana", "Hugo", "Ewa", "Finn", "Gloria", "Ivan", "Jamila", "Karl", "Lena", "Miguel", "Nora", "Otto", "Petra", "Quentin", "Rosa", "Stefan", "Tara", "Uma"]
FAMILY = ["Marchetti", "Kowalczyk", "Whitcomb", "Adeyemi", "Feldstein", "Haddad", "Ruiz", "Castellanos", "Solberg", "Lin", "Raman", "Novak", "Berg", "Mensah", "Khalil", "Vargas", "Rahman", "Siddiqui", "Brandt", "Fischer", "Jensen", "Petrov", "Okafor", "Nakamura", "Costa", "Dubois", "Almeida", "Schneider", "Popescu", "Larsen", "Moreau", "Silva", "Ortega", "Weiss", "Lindqvist", "Baptiste", "Chandra", "Dimitrov", "Eriksen", "Fontaine", "Garza", "Hoffmann", "Ibrahim", "Jansen", "Kaya", "Laurent", "Mbeki", "Nguyen", "O’Brien", "Park", "Quist", "Rossi", "Santos", "Tanaka", "Ueda", "Varga", "Wójcik", "Xu", "Yilmaz", "Zamora"]
DEPARTMENTS = (
    ("MED", "Medicine"), ("SUR", "Surgery"), ("PED", "Pediatrics"), ("EM", "Emergency Medicine"), ("OBG", "Obstetrics and Gynecology"),
    ("PSY", "Psychiatry"), ("NEU", "Neurology"), ("ANE", "Anesthesiology"), ("FM", "Family Medicine"), ("RAD", "Radiology"),
    ("NUR", "Nursing"), ("PHA", "Pharmacy"),
)  # fmt: skip
TOPICS = (
    "Sodium, Slowly", "Gout, Revisited", "Delirium on the Ward", "Asthma in the First Hour", "Stroke at Night", "Anticoagulation After a Bleed",
    "Difficult Conversations at the Bedside", "Opioid Use Disorder in Primary Care", "Sepsis Without Fever", "The Failing Right Heart",
    "Antibiotics in Pregnancy", "Early Mobility in the ICU", "Frailty Before Surgery", "Steroids: When to Stop", "Pediatric Fluids",
    "Imaging for Back Pain", "Insulin After Discharge", "Heart Failure With Low Pressure", "Seizures in the Emergency Department",
    "Airway Plans That Work", "Postpartum Hemorrhage Drills", "Depression in Residents", "Transfusion Thresholds", "Kidney Injury on Rounds",
    "Handoffs That Hold", "Falls and What Follows", "Wound Care Beyond Dressings", "Diagnostic Error in Clinic", "Naloxone in Every Bag",
    "Palliative Care in the First Week",
)  # fmt: skip
COURSE_FORMS = ("{} Update", "{}: A Case Clinic", "{}: A Workshop", "{} for the Team", "{}: What Changed")
COMPANIES = ("Corvane Therapeutics", "Ostrea Diagnostics", "Lumena Devices", "Halden Biologics", "Piermont Imaging", "Asterion Health Devices")
PROFESSIONS = (
    ("physician", "MD", 52), ("physician", "DO", 5), ("resident", "MD", 12), ("nurse", "RN", 15), ("np", "MSN, APRN", 5),
    ("pa", "PA-C", 4), ("pharmacist", "PharmD", 4), ("social_worker", "LCSW", 2), ("respiratory_therapist", "RRT", 1),
)  # fmt: skip
ROOMS = ("Harbor Auditorium", "Birch Hall A", "Birch Hall B", "Lakeside Conference Room", "Simulation Center", "Founders Room")

CASE_1_GAP: dict[str, Any] = {
    "title": "Heart-failure medicines are started late and rarely titrated",
    "audience": "Physicians, nurse practitioners, PAs, nurses and pharmacists in ambulatory care",
    "current_practice": "In a registry of 3,518 outpatients with heart failure with reduced ejection fraction, 27% of eligible patients had no ACE inhibitor, ARB or ARNI, 33% no beta-blocker and 67% no mineralocorticoid antagonist; 1% were on target doses of all three.",
    "desired_practice": "All four drug classes are started early and titrated by a shared protocol, with somebody who owns titration between visits.",
    "evidence": (
        ("registry", "Greene et al., J Am Coll Cardiol 2018;72:351-366 (CHAMP-HF)", "27%, 33% and 67% of eligible patients without the class; 1% on target doses."),
        ("guideline", "2022 AHA/ACC/HFSA guideline, Circulation 2022;145:e895-e1032", "Four drug classes, started early and titrated."),
    ),
    "needs": (
        ("knowledge", "Indications and contraindications of each class"),
        ("competence", "A titration plan for a patient with low blood pressure or kidney disease"),
        ("performance", "Nobody owns titration between visits"),
    ),
}  # fmt: skip
CASE_1_OBJECTIVES = (
    ("Start all four classes in an eligible patient within four weeks", "Start the missing class at the next visit of an eligible patient"),
    ("Adjust doses by blood pressure, potassium and kidney function using a shared protocol", "Use the titration protocol at every dose change"),
    ("Hand titration to a pharmacist- or nurse-led visit with a written plan", "Refer to the titration clinic with a written plan"),
)
CASE_1_AGENDA = (
    ("08:00", 15, "welcome", "Welcome"), ("08:15", 60, "education", "Four pillars, first four weeks"),
    ("09:15", 45, "education", "Low pressure, bad kidneys: cases"), ("10:00", 15, "break", "Break"),
    ("10:15", 75, "education", "Workshop: the titration clinic"), ("10:15", 75, "education", "Workshop: coaching patients"),
    ("11:30", 60, "education", "A titration protocol for our clinics"), ("12:30", 45, "meal", "Lunch"),
    ("13:15", 90, "education", "Simulation with observed feedback"),
)  # fmt: skip
CASE_2_GAP: dict[str, Any] = {
    "title": "In sepsis, antibiotics and bundles come late",
    "audience": "Hospitalists, emergency physicians, residents and nurses",
    "current_practice": "In 49,331 patients in New York hospitals each hour to completion of the three-hour bundle, and each hour to antibiotics, went with higher odds of death (odds ratio 1.04 per hour).",
    "desired_practice": "Antimicrobials within one hour when shock is possible or sepsis is likely.",
    "evidence": (
        ("literature", "Seymour et al., N Engl J Med 2017;376:2235-2244", "Odds ratio of death 1.04 per hour."),
        ("guideline", "Surviving Sepsis Campaign 2021, Crit Care Med 2021;49:e1063-e1143", "Within one hour when shock is possible or sepsis likely."),
    ),
    "needs": (
        ("knowledge", "Which bedside signs justify starting before lactate is back"),
        ("performance", "First doses wait for the pharmacy at night"),
    ),
}  # fmt: skip
CASE_3_GAP: dict[str, Any] = {
    "title": "Naloxone is rarely dispensed to patients on high-dose opioids",
    "audience": "Prescribers and pharmacists in primary care",
    "current_practice": "In 2018 one naloxone prescription was dispensed for every 69 high-dose opioid prescriptions in the US.",
    "desired_practice": "Naloxone is offered whenever risk factors for overdose are present.",
    "evidence": (
        ("public_health", "Guy et al., MMWR 2019;68:679-686", "One naloxone for 69 high-dose opioid prescriptions."),
        ("guideline", "CDC Clinical Practice Guideline for Prescribing Opioids for Pain, MMWR Recomm Rep 2022;71(3):1-95", "Offer naloxone when risk factors are present."),
    ),
    "needs": (
        ("competence", "Recognizing the patient who should have naloxone at home"),
        ("performance", "The order set does not offer it"),
    ),
}  # fmt: skip
