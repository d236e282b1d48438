/** Words so common that a sentence without any is not written in these languages. */
export const COMMON_WORDS: ReadonlySet<string> = new Set(
  (
    'the of and to in is you your all that it for on are with as this be not have from or by me my what how do can please ' +
    'ignore instructions previous system prompt password tell show write now will any no an at if we so was print reveal say ' +
    'rules guidelines instruction disregard forget everything above hidden initial secret answer answers act pretend mode developer restrictions ' +
    'without words word text repeat give letters message messages user admin only must never are new before following policy policies filter filters ' +
    'safety previous prior told given list output display respond reply send conversation bypass override disable enable role game story question code ' +
    'command execute run file data email tool assistant model chat who why where when her his they them was were has had been more about into out one two ' +
    'der die das und ist nicht ein eine mit zu den du von auf fur im wie ich sie es alle wer was hat dem des bitte deine ' +
    'le la les et des un une est pour que dans du en ne pas vous tu au sur il qui ce mon ma tes toutes ' +
    'el los las de y es una por con para del se al su mas como todas tus lo mi ' +
    'di che e il per non con sono una del della tutte tue ' +
    'o os que do da em um uma para com nao seu todas het een van dat niet voor ik je alle'
  ).split(' '),
);

/** A number for a word of lower-case letters. */
export function wordNumber(word: string): number {
  let hash = 0;
  for (let i = 0; i < word.length; i++) hash = (Math.imul(hash, 31) + word.charCodeAt(i)) | 0;
  return hash;
}
