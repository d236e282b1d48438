/** Words so common that a sentence without any is not written in these languages. */
export const COMMON_WORDS: ReadonlySet<string> = new Set(
  (
    'the of and to in is you your all that it for on are with as this be not have from or by me my what how do can please ' +
    'ignore instructions previous system prompt password tell show write now will any no an at if we so was print reveal say ' +
    'rules guidelines instruction disregard forget everything above hidden initial secret answer answers act pretend mode developer restrictions ' +
    'without words word text repeat give letters message messages user admin only must never are new before following policy policies filter filters ' +
    'safety previous prior told given list output display respond reply send conversation bypass override disable enable role game story question code ' +
    'command execute run file data email tool assistant model chat who why where when her his they them was were has had been more about into out one two ' +
    'our over off turn then far some other also just make made take get got know think see come use find want work first well way even ' +
    'because each those being under after back most many much such here there than too very could would should may might did does done ' +
    'like need help time year people day good best thing things name place world life hand part case number group problem fact between both ' +
    'while through during against again same another own few since until away still ever yes let put set end try call keep start stop open ' +
    'close leave create explain describe provide using used yourself itself full real old high long small large next early important able ' +
    'change access content subject true false keep speak question questions request ' +
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
