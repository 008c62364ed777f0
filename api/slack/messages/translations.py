"""The bot's own texts, by language."""

from collections.abc import Mapping
from dataclasses import dataclass

from rag.settings import Language
from rag.verification.abstention import DECLINED, NO_DOCUMENTS, UNVERIFIED


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """The bot's texts in one language."""

    searching: str
    """A status after the bot's name; takes the number of documents."""
    sources: str
    unsupported: str
    contradicted: str
    foreign: str
    """For a sentence whose source is in another language."""
    weak: str
    """For a sentence of which a reader must know more."""
    stray_source: str
    """For a proven sentence beside whose proof a source is named that does not say it."""
    uncited: str
    declined: str
    """In place of an answer."""
    unverified: str
    """Below an answer of which no source bears out a sentence."""
    no_documents: str
    """In place of an answer, where no document that may be read is within the channel's filters."""
    help: str
    """What the bot does."""
    searched: str
    """Follows it where the question is in another language than the documents; takes theirs."""
    unanswered: str
    cut_short: str
    nearest: str
    ask_person: str
    person_request: str
    """Follows the people who are asked; takes the asker."""
    person_asked: str
    share: str
    shared: str
    """Stands before the question; takes the asker."""
    not_shared: str
    stop: str
    stopped: str
    interrupted: str
    helpful: str
    unhelpful: str
    thanks: str
    reason_question: str
    correction_question: str
    send: str
    reasons: Mapping[str, str]
    """What can be wrong with an answer, by the reason's name."""


ENGLISH = Translation(
    searching="is searching {} documents…",
    sources="Sources",
    unsupported="Not supported by its source",
    contradicted="Contradicted by its source",
    foreign="Not checked, as its source is in another language",
    weak="Weakly supported by its source",
    stray_source="Supported, but not by each source that it names",
    uncited="No source named",
    declined=DECLINED,
    unverified=UNVERIFIED,
    no_documents=NO_DOCUMENTS,
    help="I answer questions from the documents, and name the source of each sentence. Ask me by a mention, in a "
    "direct message or with the command; in a thread that I have answered in, just ask on. “stop” stops an "
    "answer.",
    searched="Only the language of the documents was searched: {}.",
    unanswered="The documents do not answer",
    cut_short="Cut short",
    nearest="You may want to look at",
    ask_person="Ask a person",
    person_request="{} would like your help with a question that the documents do not answer:",
    person_asked="They have been asked.",
    share="Share with the channel",
    shared="{} shares the answer to:",
    not_shared="Nothing that everyone in this channel may see answers it, so nothing was shared.",
    stop="Stop",
    stopped="Stopped. What stands here was not checked.",
    interrupted="I was interrupted before the answer was done. Please ask again.",
    helpful="Helpful",
    unhelpful="Not helpful",
    thanks="Thank you: noted.",
    reason_question="What was wrong with it?",
    correction_question="What would be right?",
    send="Send",
    reasons={
        "wrong": "It is wrong",
        "incomplete": "Something is missing",
        "unsupported": "Its sources do not say so",
        "outdated": "It is out of date",
        "should_have_answered": "It should have answered",
        "should_have_declined": "It should have declined",
        "other": "Something else",
    },
)
GERMAN = Translation(
    searching="durchsucht {} Dokumente…",
    sources="Quellen",
    unsupported="Von seiner Quelle nicht gestützt",
    contradicted="Seine Quelle sagt es anders",
    foreign="Nicht geprüft, da die Quelle in einer anderen Sprache ist",
    weak="Von seiner Quelle schwach gestützt",
    stray_source="Gestützt, aber nicht von jeder genannten Quelle",
    uncited="Keine Quelle genannt",
    declined="Die Dokumente beantworten diese Frage nicht.",
    unverified="Nicht belegt: Kein gefundenes Dokument sagt das.",
    no_documents="Kein lesbares Dokument entspricht den Filtern.",
    help="Ich beantworte Fragen aus den Dokumenten und nenne die Quelle jedes Satzes. Frag mich mit einer "
    "Erwähnung, in einer Direktnachricht oder mit dem Befehl; in einem Thread, in dem ich geantwortet habe, "
    "frag einfach weiter. „stopp“ hält eine Antwort an.",
    searched="Gesucht wurde nur in der Sprache der Dokumente: {}.",
    unanswered="Die Dokumente beantworten nicht",
    cut_short="Abgebrochen",
    nearest="Vielleicht hilft ein Blick in",
    ask_person="Jemanden fragen",
    person_request="{} bittet um Hilfe bei einer Frage, die die Dokumente nicht beantworten:",
    person_asked="Sie wurden gefragt.",
    share="Im Kanal teilen",
    shared="{} teilt die Antwort auf:",
    not_shared="Nichts, was alle im Kanal sehen dürfen, beantwortet es; darum wurde nichts geteilt.",
    stop="Anhalten",
    stopped="Angehalten. Was hier steht, wurde nicht geprüft.",
    interrupted="Ich wurde unterbrochen, bevor die Antwort fertig war. Bitte noch einmal fragen.",
    helpful="Hilfreich",
    unhelpful="Nicht hilfreich",
    thanks="Danke, notiert.",
    reason_question="Was war daran falsch?",
    correction_question="Was wäre richtig?",
    send="Senden",
    reasons={
        "wrong": "Es ist falsch",
        "incomplete": "Etwas fehlt",
        "unsupported": "Die Quellen sagen das nicht",
        "outdated": "Es ist veraltet",
        "should_have_answered": "Es hätte antworten sollen",
        "should_have_declined": "Es hätte nicht antworten sollen",
        "other": "Etwas anderes",
    },
)
FRENCH = Translation(
    searching="cherche dans {} documents…",
    sources="Sources",
    unsupported="Non étayé par sa source",
    contradicted="Contredit par sa source",
    foreign="Non vérifié, car sa source est dans une autre langue",
    weak="Faiblement étayé par sa source",
    stray_source="Étayé, mais pas par chaque source indiquée",
    uncited="Aucune source indiquée",
    declined="Les documents ne répondent pas à cette question.",
    unverified="Non vérifié : aucun document trouvé ne le confirme.",
    no_documents="Aucun document lisible ne correspond aux filtres.",
    help="Je réponds aux questions à partir des documents, en citant la source de chaque phrase. Mentionnez-moi, "
    "écrivez-moi en message direct ou utilisez la commande ; dans un fil où j’ai répondu, posez simplement la"
    " suite. « stop » arrête une réponse.",
    searched="La recherche n'a porté que sur la langue des documents : {}.",
    unanswered="Les documents ne répondent pas à",
    cut_short="Interrompu",
    nearest="À consulter peut-être",
    ask_person="Demander à quelqu’un",
    person_request="{} demande votre aide pour une question à laquelle les documents ne répondent pas :",
    person_asked="La question leur a été transmise.",
    share="Partager dans le canal",
    shared="{} partage la réponse à :",
    not_shared="Rien de ce que tout le canal peut voir n’y répond : rien n’a été partagé.",
    stop="Arrêter",
    stopped="Arrêté. Ce qui figure ici n’a pas été vérifié.",
    interrupted="J’ai été interrompu avant la fin de la réponse. Merci de reposer la question.",
    helpful="Utile",
    unhelpful="Pas utile",
    thanks="Merci, c’est noté.",
    reason_question="Qu’est-ce qui n’allait pas ?",
    correction_question="Qu’est-ce qui serait juste ?",
    send="Envoyer",
    reasons={
        "wrong": "C’est faux",
        "incomplete": "Il manque quelque chose",
        "unsupported": "Les sources ne disent pas cela",
        "outdated": "Ce n’est plus à jour",
        "should_have_answered": "Il fallait répondre",
        "should_have_declined": "Il ne fallait pas répondre",
        "other": "Autre chose",
    },
)
SPANISH = Translation(
    searching="busca en {} documentos…",
    sources="Fuentes",
    unsupported="No respaldado por su fuente",
    contradicted="Su fuente dice lo contrario",
    foreign="No comprobado, porque su fuente está en otro idioma",
    weak="Poco respaldado por su fuente",
    stray_source="Respaldado, pero no por cada fuente indicada",
    uncited="Sin fuente indicada",
    declined="Los documentos no responden a esta pregunta.",
    unverified="Sin verificar: ningún documento encontrado lo respalda.",
    no_documents="Ningún documento legible cumple los filtros.",
    help="Respondo preguntas a partir de los documentos y nombro la fuente de cada frase. Pregúnteme con una "
    "mención, en un mensaje directo o con el comando; en un hilo donde ya respondí, siga preguntando. «stop» "
    "detiene una respuesta.",
    searched="Solo se buscó en el idioma de los documentos: {}.",
    unanswered="Los documentos no responden",
    cut_short="Interrumpido",
    nearest="Quizá le sirva consultar",
    ask_person="Preguntar a una persona",
    person_request="{} pide ayuda con una pregunta que los documentos no responden:",
    person_asked="Se les ha preguntado.",
    share="Compartir en el canal",
    shared="{} comparte la respuesta a:",
    not_shared="Nada de lo que todo el canal puede ver lo responde; no se compartió nada.",
    stop="Detener",
    stopped="Detenido. Lo que figura aquí no se ha comprobado.",
    interrupted="Me interrumpieron antes de terminar la respuesta. Pregunte de nuevo, por favor.",
    helpful="Útil",
    unhelpful="No útil",
    thanks="Gracias, anotado.",
    reason_question="¿Qué estaba mal?",
    correction_question="¿Qué sería correcto?",
    send="Enviar",
    reasons={
        "wrong": "Es falso",
        "incomplete": "Falta algo",
        "unsupported": "Las fuentes no lo dicen",
        "outdated": "Está desactualizado",
        "should_have_answered": "Debió responder",
        "should_have_declined": "No debió responder",
        "other": "Otra cosa",
    },
)
ITALIAN = Translation(
    searching="cerca in {} documenti…",
    sources="Fonti",
    unsupported="Non sostenuto dalla sua fonte",
    contradicted="Contraddetto dalla sua fonte",
    foreign="Non verificato, perché la fonte è in un’altra lingua",
    weak="Poco sostenuto dalla sua fonte",
    stray_source="Sostenuto, ma non da ogni fonte indicata",
    uncited="Nessuna fonte indicata",
    declined="I documenti non rispondono a questa domanda.",
    unverified="Non verificato: nessun documento trovato lo conferma.",
    no_documents="Nessun documento leggibile corrisponde ai filtri.",
    help="Rispondo alle domande con i documenti e nomino la fonte di ogni frase. Chiedi con una menzione, in un "
    "messaggio diretto o con il comando; in un thread dove ho risposto, continua a chiedere. «stop» ferma una"
    " risposta.",
    searched="La ricerca riguarda solo la lingua dei documenti: {}.",
    unanswered="I documenti non rispondono a",
    cut_short="Interrotto",
    nearest="Forse è utile guardare",
    ask_person="Chiedi a una persona",
    person_request="{} chiede aiuto per una domanda a cui i documenti non rispondono:",
    person_asked="La domanda è stata inoltrata.",
    share="Condividi nel canale",
    shared="{} condivide la risposta a:",
    not_shared="Niente di ciò che tutto il canale può vedere risponde; nulla è stato condiviso.",
    stop="Ferma",
    stopped="Fermato. Ciò che si legge qui non è stato verificato.",
    interrupted="Sono stato interrotto prima di finire la risposta. Si prega di chiedere di nuovo.",
    helpful="Utile",
    unhelpful="Non utile",
    thanks="Grazie, annotato.",
    reason_question="Che cosa non andava?",
    correction_question="Che cosa sarebbe giusto?",
    send="Invia",
    reasons={
        "wrong": "È sbagliato",
        "incomplete": "Manca qualcosa",
        "unsupported": "Le fonti non lo dicono",
        "outdated": "Non è aggiornato",
        "should_have_answered": "Doveva rispondere",
        "should_have_declined": "Non doveva rispondere",
        "other": "Altro",
    },
)
TRANSLATIONS: Mapping[Language, Translation] = {"en": ENGLISH, "de": GERMAN, "fr": FRENCH, "es": SPANISH, "it": ITALIAN}
